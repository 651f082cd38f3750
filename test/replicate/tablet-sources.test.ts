import { expect, it } from 'vitest'
import { readTabletIds, readTabletSources, readTablets, resultSet } from '../../starrocks/index.ts'

const columns = ['TabletId', 'ReplicaId', 'BackendId', 'Version', 'LstFailedVersion', 'DataSize', 'RowCount', 'State']
const replica = (tablet: number, on: number, version: string | null, failed: string | null = '-1') => [
  ...[String(tablet), `${tablet}${on}`, String(on), version, failed, '1.5KB', '1', on === 3 ? null : 'NORMAL'],
]

/** What both readers tell. */
const whole = (rows: ReturnType<typeof resultSet>['rows']) =>
  readTablets(rows).map(({ id, replicas }) => ({
    id,
    replicas: replicas.map(({ backendId, state, version, lastFailedVersion, isBad }) => {
      return { backendId, state, version, lastFailedVersion, isBad }
    }),
  }))

it.each([
  ['ascending', [replica(9, 1, '5'), replica(9, 2, '5', '7'), replica(10, 3, '4')]],
  ['in no order, tablets apart', [replica(100, 1, '5'), replica(9, 2, '6', ''), replica(100, 2, '5', null)]],
  ['none', []],
])('tells of replicas what the whole listing tells: %s', (_what, cells) => {
  const { rows } = resultSet(columns, cells)
  expect(readTabletSources(rows)).toEqual(whole(rows))
  expect(readTabletIds(rows)).toEqual(whole(rows).map(({ id }) => id))
})

it('tells of bad replicas where the listing does, and of tablets without any', () => {
  const { rows } = resultSet(
    [...columns, 'IsBad'],
    [
      [...replica(9, 1, '5'), 'true'],
      [...replica(9, 2, '5'), 'false'],
    ],
  )
  expect(readTabletSources(rows)[0]?.replicas.map(({ isBad }) => isBad)).toEqual([true, false])
  const lake = resultSet(
    ['TabletId', 'BackendId', 'Version'],
    [
      ['2', '[10001]', '3'],
      ['1', '[10002]', '3'],
    ],
  )
  expect(readTabletSources(lake.rows)).toEqual([
    { id: 1n, replicas: [] },
    { id: 2n, replicas: [] },
  ])
})

it('says what is missing, as for any row', () => {
  expect(() => readTabletSources(resultSet(columns, [replica(9, 1, null)]).rows)).toThrow(/NULL in column Version/)
  expect(() => readTabletSources(resultSet(columns, [replica(9, 1, 'x')]).rows)).toThrow(/whole number, not x/)
  expect(() => readTabletSources(resultSet(['A'], [['1']]).rows)).toThrow(/no column TabletId/)
})
