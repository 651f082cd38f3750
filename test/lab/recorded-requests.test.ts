import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { LabDatabase, LabTable, LabVersion } from '../../lab/model.ts'
import { addDatabase, addTable, load, physicalOf, TestCluster, type TestTableOptions } from './support/cluster.ts'
import { type RequestOptions, replicationRequest } from './support/request.ts'
import { waitFor } from './support/wait.ts'
import { type Answer, call, type Wire } from './support/wire.ts'

interface Recorded {
  note: string
  closed?: boolean
  status?: string
  message?: string
  states?: [string, string][]
}

const recorded: Record<string, Record<string, Recorded[]>> = JSON.parse(
  readFileSync(new URL('../fixtures/lab/requests.json', import.meta.url), 'utf8'),
)

/** Ids and addresses differ from run to run. */
const neutral = (text: string | undefined) =>
  text
    ?.replace(/\b\d{4,}\b/g, '#')
    .replace(/txn: \d+/, 'txn: #')
    .replace(/127\.[\d.]+/g, 'host')

/** Two clusters of a line with the tables of the recordings, driven through the same requests. */
class Replay {
  readonly source: TestCluster
  readonly target: TestCluster
  readonly from: LabDatabase
  readonly to: LabDatabase
  /** States that jobs went through, by job id, for polls that are slower than the job. */
  readonly seen = new Map<string, [string, string][]>()

  private constructor(source: TestCluster, target: TestCluster) {
    this.source = source
    this.target = target
    this.from = addDatabase(source.state, 'rp')
    this.to = addDatabase(target.state, 'rp')
    const entered = target.services.replication.hooks.entered
    target.services.replication.hooks.entered = (job) => {
      entered(job)
      const states = this.seen.get(job.record.jobId) ?? []
      if (job.record.state === 'INITIALIZING') states.length = 0
      states.push([job.record.state, job.record.error])
      this.seen.set(job.record.jobId, states)
    }
  }

  static async start(version: LabVersion): Promise<Replay> {
    return new Replay(await TestCluster.start({ version }), await TestCluster.start({ version }))
  }

  async stop(): Promise<void> {
    await Promise.all([this.source.stop(), this.target.stop()])
  }

  /** The same table on both sides, loaded so often at the source and at the target. */
  pair(name: string, options: TestTableOptions = {}, sourceLoads = 2, targetLoads = 0): Pair {
    const source = addTable(this.source.state, this.from, name, options)
    const target = addTable(this.target.state, this.to, name, options)
    for (let i = 0; i < sourceLoads; i++) load(this.source, this.from, source, rowsFor(source, i))
    for (let i = 0; i < targetLoads; i++) load(this.target, this.to, target, rowsFor(target, 100 + i))
    return { source, target }
  }

  request(pair: Pair, more: Partial<RequestOptions> = {}): Wire {
    return replicationRequest({
      db: this.to,
      table: pair.target,
      source: { state: this.source.state, table: pair.source },
      ...more,
    })
  }

  async send(request: Wire): Promise<Answer> {
    return await call(this.target.rpcPort, 'startTableReplication', request)
  }

  /** The way of the latest job of a table until it ends. */
  async states(table: LabTable): Promise<[string, string][]> {
    const job = await waitFor(
      () => this.target.state.replicationJobs.find((one) => one.tableId === table.id && one.finishedMs !== undefined),
      `the job of ${table.name}`,
    )
    await waitFor(() => physicalOfAll(table).every((one) => one.committedVersion === one.visibleVersion), 'the publish')
    return this.seen.get(job.jobId) ?? []
  }
}

interface Pair {
  source: LabTable
  target: LabTable
}

const physicalOfAll = (table: LabTable) => table.partitions.flatMap((one) => one.physical)

/** One row into every partition. */
const rowsFor = (table: LabTable, n: number) => table.partitions.map((_, i) => [i * 10 + (n % 10), `v${n}`])

let replay: Replay | undefined
afterEach(async () => {
  await replay?.stop()
  replay = undefined
})

type Step = (r: Replay) => Promise<{ answer: Answer; states?: [string, string][] }>

/** How each recorded request comes about, by its note. */
function steps(): Record<string, Step> {
  const kept: Record<string, Pair> = {}
  const pair = (r: Replay, name: string, options: TestTableOptions = {}, sourceLoads = 2, targetLoads = 0) => {
    kept[name] ??= r.pair(name, options, sourceLoads, targetLoads)
    return kept[name]
  }
  const t = (r: Replay) => pair(r, 't', { ranges: [10, 20] })
  const refused = async (r: Replay, more: Partial<RequestOptions> = {}) => ({
    answer: await r.send(r.request(t(r), more)),
  })
  const patched = async (r: Replay, fields: Record<number, Wire | undefined>) => ({
    answer: await r.send(r.request(t(r), { more: fields })),
  })
  const run = async (r: Replay, one: Pair, more: Partial<RequestOptions> = {}) => {
    const answer = await r.send(r.request(one, more))
    return { answer, states: await r.states(one.target) }
  }
  const during = async (r: Replay, one: Pair, jobId: string, state: 'SNAPSHOTING' | 'REPLICATING', act: () => void) => {
    r.target.services.faults.inject({ kind: 'during-job', state, table: one.target.name, run: act, times: 1 })
    const done = await run(r, one, { jobId })
    return { ...done, states: done.states.slice(done.states.findIndex(([name]) => name === state)) }
  }
  const set = (r: Replay, key: string, value: string) => {
    const setting = r.target.state.config.get(key)
    if (setting) setting.value = value
  }
  const limited = async (r: Replay, key: string, value: string, otherwise: string) => {
    set(r, key, value)
    const answer = await r.send(r.request(pair(r, 'slow2'), { jobId: 'job-slow2' }))
    set(r, key, otherwise)
    return { answer }
  }
  const partition = (r: Replay, ids: Record<number, Wire>) => ({
    8: { map: [[1, { struct: { 1: { i64: physicalOf(t(r).target).id }, 2: { i64: 3 }, ...ids } }] as [number, Wire]] },
  })
  return {
    'empty request': async (r) => ({ answer: await r.send({ struct: {} }) }),
    'information_schema as the database': (r) => patched(r, { 3: { i64: 1 }, 4: { i64: 1 } }),
    'unknown database': (r) => patched(r, { 3: { i64: 999999 } }),
    'unknown table': (r) => patched(r, { 4: { i64: 999999 } }),
    'no partition': (r) => patched(r, { 8: { map: [] } }),
    'partitions not set': (r) => patched(r, { 8: undefined }),
    'unknown partition': (r) => patched(r, partition(r, { 1: { i64: 999999 } })),
    'unknown index': (r) => patched(r, partition(r, { 3: { map: [[1, { struct: { 1: { i64: 999999 } } }]] } })),
    'unknown tablet': (r) => {
      const tablets: Wire = { map: [[1, { struct: { 1: { i64: 999999 }, 3: { list: [] } } }]] }
      const index = { struct: { 1: { i64: t(r).target.indexes[0]?.id ?? 0n }, 3: tablets } }
      return patched(r, partition(r, { 3: { map: [[1, index]] } }))
    },
    'source version equal to the target version': (r) => refused(r, { version: () => 1n }),
    'source version below the target version': (r) => refused(r, { version: () => 0n }),
    'source type is a view': (r) => patched(r, { 6: { i32: 20 } }),
    'well formed, with a user that does not exist': (r) =>
      patched(r, { 1: { text: 'nobody' }, 2: { text: 'wrong' }, 9: { text: 'job-one' } }),
    'the same table again while its job runs': (r) => refused(r),
    'the same request after it was committed: nothing newer in the source': async (r) => {
      await r.states(t(r).target)
      return await refused(r)
    },
    'one partition newer, no job id given': async (r) => {
      load(r.source, r.from, t(r).source, rowsFor(t(r).source, 3))
      return await run(r, t(r))
    },
    'primary key table whose target has had an INSERT of its own (target version 2, source 3)': (r) =>
      run(r, pair(r, 'pk', { keysType: 'PRIMARY_KEYS' }, 2, 1)),
    'the target is now newer than the source': async (r) => {
      load(r.target, r.to, pair(r, 'pk').target, [[10, 'x']])
      return { answer: await r.send(r.request(pair(r, 'pk'))) }
    },
    '3 replicas and a rollup': (r) => run(r, pair(r, 'r3', { replicas: 3, rollups: ['ru'] })),
    'REMOTE_SNAPSHOT fails on every backend': (r) => {
      r.target.services.faults.inject({ kind: 'fail-snapshot', table: 'f1' })
      return run(r, pair(r, 'f1'))
    },
    'REPLICATE_SNAPSHOT fails on every backend': async (r) => {
      const fault = r.target.services.faults.inject({ kind: 'fail-copy', table: 'f2' })
      const done = await run(r, pair(r, 'f2'), { jobId: 'job-f2' })
      fault.clear()
      return done
    },
    'the same job id again after it was aborted': (r) => run(r, pair(r, 'f2'), { jobId: 'job-f2' }),
    'the table is dropped while the job runs': (r) => {
      const one = pair(r, 'dr')
      return during(r, one, 'job-dr', 'SNAPSHOTING', () => r.to.objects.delete('dr'))
    },
    'an INSERT into the target while the job runs': (r) => {
      const one = pair(r, 'ins')
      return during(r, one, 'job-ins', 'REPLICATING', () => load(r.target, r.to, one.target, [[5, 'y']]))
    },
    'a slow job': async (r) => {
      r.target.services.faults.inject({ kind: 'freeze-jobs' })
      return { answer: await r.send(r.request(pair(r, 'slow'), { jobId: 'job-slow' })) }
    },
    'over replication_max_parallel_table_count': (r) => limited(r, 'replication_max_parallel_table_count', '1', '100'),
    'over replication_max_parallel_replica_count': (r) =>
      limited(r, 'replication_max_parallel_replica_count', '1', '10240'),
    'over replication_max_parallel_data_size_mb': (r) =>
      limited(r, 'replication_max_parallel_data_size_mb', '0', '1048576'),
    'accepted beside the slow job': async (r) => {
      const answer = await r.send(r.request(pair(r, 'slow2'), { jobId: 'job-slow2' }))
      r.target.services.faults.clear()
      return { answer }
    },
    'max_running_txn_num_per_db reached': (r) => {
      set(r, 'max_running_txn_num_per_db', '0')
      return run(r, pair(r, 'many'))
    },
    'first use of a job id': (r) => run(r, pair(r, 'idem', {}, 1), { jobId: 'same-id' }),
    'the same request again at once': async (r) => ({
      answer: await r.send(r.request(pair(r, 'idem'), { jobId: 'same-id' })),
    }),
    'newer source rows, the job id of a committed job': (r) => {
      load(r.source, r.from, pair(r, 'idem').source, [[77, 'new']])
      return run(r, pair(r, 'idem'), { jobId: 'same-id' })
    },
    'newer source rows, a new job id': (r) => run(r, pair(r, 'idem'), { jobId: 'other-id' }),
    'only the base index of a table with a rollup': (r) =>
      run(r, pair(r, 'part_index', { rollups: ['ru'] }, 1), { jobId: 'j', indexes: 1 }),
    'then all indexes': (r) => run(r, pair(r, 'part_index'), { jobId: 'j2' }),
    '2 of the 3 tablets': (r) => run(r, pair(r, 'part_tablet', { buckets: 3 }, 1), { jobId: 'j', tablets: 2 }),
    'one of two partitions': async (r) => {
      const one = pair(r, 'part_part', { ranges: [10, 20], buckets: 1 }, 1)
      const done = await run(r, one, { jobId: 'j', partitions: [0] })
      expect(physicalOfAll(one.target).map((p) => [p.dataVersion, p.versionTxnType])).toEqual([
        [2n, 'TXN_REPLICATION'],
        [1n, 'TXN_NORMAL'],
      ])
      return done
    },
    'a tablet without any source backend': (r) =>
      run(r, pair(r, 'no_source', { buckets: 1 }, 1), { jobId: 'j', backends: () => [] }),
    '1 of 3 replicas fails REPLICATE_SNAPSHOT': (r) => {
      r.target.services.faults.inject({ kind: 'fail-copy', table: 'one_fails', replicas: 1 })
      return run(r, pair(r, 'one_fails', { buckets: 1, replicas: 3 }, 1), { jobId: 'j' })
    },
  }
}

/** On lines without `/replications` nobody waited for jobs, so these met jobs that still ran. */
const notWaited = [
  'the same job id again after it was aborted',
  'the same request again at once',
  'then all indexes',
  'newer source rows',
]

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('requests recorded on %s', (version) => {
  test.each(Object.keys(recorded[version] ?? {}))('%s', async (file) => {
    const r = await Replay.start(version)
    replay = r
    const known = steps()
    const hasStates = version === '3.5' || version === '4.1'
    for (const entry of recorded[version]?.[file] ?? []) {
      const step = known[entry.note]
      expect(step, `a step for “${entry.note}”`).toBeDefined()
      const { answer, states } = (await step?.(r)) ?? {}
      if (!hasStates && notWaited.some((note) => entry.note.startsWith(note))) continue
      const { note, states: expected, ...outcome } = entry
      const got = { ...answer } as { message?: string }
      expect({ ...got, message: neutral(got.message) }, note).toEqual({ ...outcome, message: neutral(outcome.message) })
      if (!expected || !states) continue
      const last = expected.at(-1)
      expect(states.at(-1)?.map(neutral), note).toEqual(last?.map(neutral))
      // A poll may miss a state, but never sees another order.
      const names = states.map(([name]) => name)
      expect(
        expected.map(([name]) => name).every((name) => names.includes(name)),
        `${note}: ${names}`,
      ).toBe(true)
    }
  })
})
