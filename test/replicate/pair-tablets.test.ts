import { describe, expect, it } from 'vitest'
import { livingBackends, pairTablets, replicaSources } from '../../activities/replicate/pair-tablets.ts'
import { addressMapOf, readTabletIds, readTablets, resultSet } from '../../starrocks/index.ts'

const backend = (id: bigint, alive = true) => ({ id, alive, host: `be-${id}`, bePort: 9060, httpPort: 8040 })

const columns = ['TabletId', 'ReplicaId', 'BackendId', 'Version', 'LstFailedVersion', 'DataSize', 'RowCount', 'State']
const replica = (tablet: number, on: number, version: number, failed = -1, state = 'NORMAL') =>
  [tablet, tablet * 10 + on, on, version, failed, '1B', 1, state].map(String)
const listing = (...cells: string[][]) => resultSet(columns, cells).rows

describe('pairing tablets', () => {
  it('reads ids as the whole listing does: once each, ascending as numbers', () => {
    const rows = listing(replica(100, 1, 5), replica(9, 1, 5), replica(9, 2, 5), replica(20, 3, 5))
    expect(readTabletIds(rows)).toEqual([9n, 20n, 100n])
    expect(readTabletIds(rows)).toEqual(readTablets(rows).map((tablet) => tablet.id))
    expect(readTabletIds([])).toEqual([])
  })

  it('gives tablets to each other in bucket order, whatever the order of the listing', () => {
    const source = readTablets(listing(replica(12, 1, 5), replica(11, 1, 5)))
    const pairs = pairTablets(source, [501n, 502n], (tablet) => [{ host: String(tablet.id), bePort: 1, httpPort: 2 }])
    expect(pairs).toEqual([
      { tabletId: 501n, sourceTabletId: 11n, backends: [{ host: '11', bePort: 1, httpPort: 2 }] },
      { tabletId: 502n, sourceTabletId: 12n, backends: [{ host: '12', bePort: 1, httpPort: 2 }] },
    ])
  })

  it('leaves out replicas that are dead, behind, failed, or about to be thrown away', () => {
    const backends = livingBackends(
      [backend(1n), backend(2n), backend(3n), backend(4n), backend(5n, false)],
      addressMapOf({}),
    )
    const [tablet] = readTablets(
      listing(replica(1, 1, 5), replica(1, 2, 4), replica(1, 3, 5, 5), replica(1, 4, 6, -1, 'CLONE'), replica(1, 5, 5)),
    )
    expect(tablet && replicaSources(tablet, 5n, backends).map(({ host }) => host)).toEqual(['be-1'])
    expect(tablet && replicaSources(tablet, 4n, backends).map(({ host }) => host)).toEqual(['be-1', 'be-2'])
  })

  it('addresses backends as the target must see them, ports too', () => {
    const map = addressMapOf({ 'be-1': '192.0.2.1;9060:19060,8040:18040' })
    expect(livingBackends([backend(1n), backend(2n)], map)).toEqual(
      new Map([
        [1n, { host: '192.0.2.1', bePort: 19060, httpPort: 18040 }],
        [2n, { host: 'be-2', bePort: 9060, httpPort: 8040 }],
      ]),
    )
  })
})
