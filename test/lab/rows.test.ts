import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareClusters } from '../../lab/compare.ts'
import {
  compactLake,
  compactRows,
  deleteRows,
  misplacedRows,
  publishLoad,
  scanRows,
  truncate,
} from '../../lab/data/index.ts'
import type { LabDatabase, LabTable, LabValue } from '../../lab/model.ts'
import {
  addDatabase,
  addTable,
  column,
  load,
  physicalOf,
  TestCluster,
  type TestTableOptions,
} from './support/cluster.ts'
import { type RequestOptions, replicationRequest } from './support/request.ts'
import { waitFor } from './support/wait.ts'
import { call } from './support/wire.ts'

let source: TestCluster
let target: TestCluster
let from: LabDatabase
let to: LabDatabase

async function clusters(
  runMode: 'shared_nothing' | 'shared_data' = 'shared_nothing',
  sourceMode = 'shared_nothing' as typeof runMode,
) {
  const version = runMode === 'shared_data' ? '4.1' : '3.5'
  source = await TestCluster.start({ version, runMode: sourceMode })
  target = await TestCluster.start({ version, runMode })
  from = addDatabase(source.state, 'db')
  to = addDatabase(target.state, 'db')
}

const stop = () => Promise.all([source.stop(), target.stop()])

function pair(name: string, options: TestTableOptions = {}, targetOptions: TestTableOptions = options) {
  return {
    original: addTable(source.state, from, name, options),
    copy: addTable(target.state, to, name, targetOptions),
  }
}

const rows = (count: number, start = 0): LabValue[][] =>
  Array.from({ length: count }, (_, i) => [start + i, `v${start + i}`])
const sorted = (table: LabTable) => [...scanRows(table)].map(String).sort()

/** Sends one request and waits for the end of its job. */
async function replicate(
  original: LabTable,
  copy: LabTable,
  more: Partial<RequestOptions> = {},
): Promise<[string, string]> {
  const request = replicationRequest({ db: to, table: copy, source: { state: source.state, table: original }, ...more })
  const answer = await call(target.rpcPort, 'startTableReplication', request, 3)
  expect(answer).toEqual({ status: 'OK' })
  const job = await waitFor(
    () => target.state.replicationJobs.find((one) => one.tableId === copy.id && one.finishedMs !== undefined),
    'the job to end',
  )
  await waitFor(
    () => copy.partitions.every((one) => one.physical.every((p) => p.committedVersion === p.visibleVersion)),
    'the publish',
  )
  return [job.state, job.error]
}

describe('shared-nothing', () => {
  beforeEach(() => clusters())
  afterEach(stop)

  test('a right request brings the rows, then only what came since', async () => {
    const { original, copy } = pair('t', { ranges: [100, 200], replicas: 3 })
    load(source, from, original, rows(150))
    expect(await replicate(original, copy)).toEqual(['COMMITTED', ''])
    expect(sorted(copy)).toEqual(sorted(original))
    load(source, from, original, rows(20, 150))
    deleteRows(source.state, from, original, ([id]) => Number(id) < 10)
    expect(await replicate(original, copy)).toEqual(['COMMITTED', ''])
    expect(compareClusters(source, target)).toMatchObject({ rowsCompared: 160, rowsDifferent: 0, differing: [] })
    const [p, q] = [physicalOf(original), physicalOf(copy)]
    expect([q.dataVersion, q.versionEpoch, q.versionTxnType]).toEqual([
      p.dataVersion,
      p.versionEpoch,
      'TXN_REPLICATION',
    ])
  })

  test('upserts of a primary key table arrive as upserts', async () => {
    const { original, copy } = pair('pk', { keysType: 'PRIMARY_KEYS' })
    load(source, from, original, rows(30))
    await replicate(original, copy)
    load(source, from, original, [
      [3, 'changed'],
      [40, 'new'],
    ])
    await replicate(original, copy)
    expect(sorted(copy)).toEqual(sorted(original))
    expect(sorted(copy)).toHaveLength(31)
  })

  test('a snapshot holds exactly its version, whatever is written meanwhile', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(10))
    const before = sorted(original)
    target.services.faults.inject({
      kind: 'during-job',
      state: 'INITIALIZING',
      run: () => load(source, from, original, rows(10, 50)),
    })
    await replicate(original, copy)
    expect(sorted(copy)).toEqual(before)
    expect(physicalOf(copy).dataVersion).toBe(2n)
    expect(physicalOf(original).dataVersion).toBe(3n)
  })

  test('buckets that were mapped wrongly hold the rows where nobody looks for them', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(40))
    expect(await replicate(original, copy, { sourceBucket: (bucket) => 1 - bucket })).toEqual(['COMMITTED', ''])
    expect(misplacedRows(copy)).toBe(40)
    const found = [...scanRows(copy, { equals: new Map([['id', 7]]) })].filter(([id]) => id === 7)
    expect(found).toEqual([])
    expect(compareClusters(source, target).rowsDifferent).toBe(40)
  })

  test.each<[string, Partial<RequestOptions>]>([
    ['wrong token', { token: 'wrong' }],
    ['wrong schema hash', { hash: 5 }],
    ['version that is not there yet', { version: (p) => p.dataVersion + 1n }],
    [
      'address of nobody',
      { backends: () => [{ struct: { 1: { struct: { 1: { text: '10.9.9.9' }, 2: { i32: 1 }, 3: { i32: 2 } } } } }] },
    ],
    ['tablet that is not there', { sourceBucket: () => 99 }],
  ])('%s: no snapshot, no rows', async (_, more) => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    const backends = more.sourceBucket ? { backends: () => replicaAddress() } : {}
    expect(await replicate(original, copy, { ...more, ...backends })).toEqual(['ABORTED', 'Source snapshots is empty'])
    expect(sorted(copy)).toEqual([])
    expect(physicalOf(copy)).toMatchObject({ dataVersion: 1n, versionTxnType: 'TXN_NORMAL' })
  })

  const replicaAddress = () => {
    const node = source.state.nodes[0]
    return [
      {
        struct: {
          1: {
            struct: { 1: { text: node?.host ?? '' }, 2: { i32: node?.bePort ?? 0 }, 3: { i32: node?.httpPort ?? 0 } },
          },
        },
      },
    ]
  }

  test('a version that was merged away gives no snapshot; fresh versions do', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    load(source, from, original, rows(5, 5))
    compactRows(physicalOf(original), 3n)
    expect(await replicate(original, copy, { version: () => 2n })).toEqual(['ABORTED', 'Source snapshots is empty'])
    expect(await replicate(original, copy)).toEqual(['COMMITTED', ''])
    expect(sorted(copy)).toEqual(sorted(original))
  })

  test('a dead source node is made up for by another replica', async () => {
    const { original, copy } = pair('t', { replicas: 3 }, { replicas: 1 })
    load(source, from, original, rows(20))
    source.services.faults.inject({ kind: 'node-down', node: 0, how: 'dead' })
    const fault = source.services.faults.inject({ kind: 'node-down', node: 1, how: 'unreachable' })
    expect(await replicate(original, copy)).toEqual(['COMMITTED', ''])
    expect(sorted(copy)).toEqual(sorted(original))
    expect(fault.struck).toBeGreaterThan(0)
  })

  test('a column that the target lacks is lost, and one that the source lacks takes its default', async () => {
    const key = column('id', 'int(11)', { key: true, nullable: false })
    const extra = column('extra', 'int(11)', { default: { kind: 'literal', value: '9' }, uniqueId: 2 })
    const { original, copy } = pair('t', {}, { columns: [key, extra] })
    load(source, from, original, rows(3))
    await replicate(original, copy)
    expect(sorted(copy)).toEqual(['0,9', '1,9', '2,9'])
  })

  test('a column of another name and the same id gets what is not its own', async () => {
    const key = column('id', 'int(11)', { key: true, nullable: false })
    const { original, copy } = pair('t', {}, { columns: [key, column('other', 'varchar(20)')] })
    load(source, from, original, rows(1))
    await replicate(original, copy)
    expect(sorted(copy)).toEqual(sorted(original))
  })

  test('a source that was truncated and is ahead again is laid over the old copy: wrong rows, as versions alone tell nothing', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    await replicate(original, copy)
    truncate(source.state, original)
    for (let i = 0; i < 3; i++) load(source, from, original, rows(1, 100 + i))
    await replicate(original, copy)
    expect(compareClusters(source, target).rowsDifferent).toBeGreaterThan(0)
    // A target partition made new again is copied rightly.
    truncate(target.state, copy)
    await replicate(original, copy)
    expect(compareClusters(source, target).rowsDifferent).toBe(0)
  })

  test('epochs: a load after a replication takes a new one, and epoch 0 keeps the trace of nothing', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    await replicate(original, copy)
    const epoch = physicalOf(copy).versionEpoch
    load(target, to, copy, rows(1, 90))
    expect(physicalOf(copy).versionTxnType).toBe('TXN_NORMAL')
    expect(physicalOf(copy).versionEpoch).not.toBe(epoch)
    const own = physicalOf(copy).versionEpoch
    load(source, from, original, rows(5, 5))
    load(source, from, original, rows(5, 10))
    await replicate(original, copy, { epoch: () => undefined })
    expect(physicalOf(copy)).toMatchObject({ versionEpoch: own, versionTxnType: 'TXN_REPLICATION' })
  })

  test('a heavy schema change of the target during the job fails its commit', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    target.services.faults.inject({
      kind: 'during-job',
      state: 'REPLICATING',
      run: () => {
        const fresh = addTable(target.state, addDatabase(target.state, 'other'), 'fresh')
        const id = fresh.indexes[0]?.id ?? 0n
        physicalOf(copy).tablets = new Map([[id, physicalOf(fresh).tablets.get(id) ?? []]])
      },
    })
    const [state, error] = await replicate(original, copy)
    expect(state).toBe('ABORTED')
    expect(error).toMatch(
      /^Commit failed\. txn: \d+ table: t tablet: \d+ quorum: 0<1 errorReplicas: \d+:\{be:\d+ 127\.0\.0\.1 st:NORMAL V:1 LFV:-1\}, commitBackends: $/,
    )
  })

  test('what was sent is on record, so that work sent twice can be counted', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    await replicate(original, copy, { jobId: 'one' })
    expect(target.services.replication.sentJobs).toMatchObject([
      {
        jobId: 'one',
        databaseName: 'db',
        tableName: 't',
        partitions: [{ partitionName: 't', sourceVersion: 2n, targetVersion: 1n }],
      },
    ])
  })
})

describe('shared-data target', () => {
  beforeEach(() => clusters('shared_data'))
  afterEach(stop)

  test('data versions follow the source while compaction moves the visible ones', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(20))
    await replicate(original, copy)
    const physical = physicalOf(copy)
    const compactedByItself = physical.visibleVersion - 2n
    compactLake(target.state, physical)
    load(source, from, original, rows(20, 20))
    expect(await replicate(original, copy)).toEqual(['COMMITTED', ''])
    expect(sorted(copy)).toEqual(sorted(original))
    expect(physical.dataVersion).toBe(3n)
    expect(physical.visibleVersion).toBe(4n + 2n * compactedByItself)
  })

  test('a tablet that was left out fails the commit', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(5))
    const [state, error] = await replicate(original, copy, { tablets: 1 })
    expect(state).toBe('ABORTED')
    expect(error).toMatch(/^table 't" has unfinished tablets: \[\d+\]$/)
  })
})

describe('shared-data to shared-data', () => {
  beforeEach(async () => {
    await clusters('shared_data', 'shared_data')
    target.state.storageVolumes.set('src_vol', {
      type: 'S3',
      isDefault: false,
      location: 's3://b',
      params: '{}',
      enabled: true,
      comment: '',
    })
  })
  afterEach(stop)

  const lake = (original: LabTable, volume = 'src_vol', service = source.state.serviceId): Partial<RequestOptions> => ({
    more: {
      10: { i32: 1 },
      11: { text: volume },
      12: { text: service },
      13: { i64: from.id },
      14: { i64: original.id },
    },
  })

  test('files go from bucket to bucket, without a source node', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(20))
    for (const node of source.state.nodes) node.alive = false
    expect(await replicate(original, copy, lake(original))).toEqual(['COMMITTED', ''])
    expect(sorted(copy)).toEqual(sorted(original))
  })

  test('an unknown volume is refused, an unknown service copies nothing', async () => {
    const { original, copy } = pair('t')
    load(source, from, original, rows(20))
    const request = replicationRequest({
      db: to,
      table: copy,
      source: { state: source.state, table: original },
      ...lake(original, 'nope'),
    })
    expect(await call(target.rpcPort, 'startTableReplication', request)).toEqual({
      status: 'INTERNAL_ERROR',
      message: 'Source storage volume not found: nope',
    })
    const [state] = await replicate(original, copy, lake(original, 'src_vol', 'other'))
    expect(state).toBe('ABORTED')
  })
})

test('a load between commit and publish comes after it', async () => {
  await clusters()
  const { original, copy } = pair('t')
  load(source, from, original, rows(5))
  target.services.faults.inject({ kind: 'delay-publish', ms: 600_000 })
  const request = replicationRequest({ db: to, table: copy, source: { state: source.state, table: original } })
  await call(target.rpcPort, 'startTableReplication', request)
  await waitFor(() => target.state.replicationJobs[0]?.state === 'COMMITTED', 'the commit')
  const again = await call(target.rpcPort, 'startTableReplication', request)
  expect(again).toMatchObject({ message: expect.stringContaining('publish version not finished') })
  publishLoad(target.state, physicalOf(copy))
  expect(physicalOf(copy)).toMatchObject({ dataVersion: 3n, visibleVersion: 3n, versionTxnType: 'TXN_NORMAL' })
  expect(sorted(copy)).toEqual(sorted(original))
  await stop()
})
