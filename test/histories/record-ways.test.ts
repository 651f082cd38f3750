import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import {
  holdSignal,
  leaseUpdate,
  metadataDueSignal,
  metadataWorkflowId,
  migrationSpecSchema,
  pauseTablesUpdate,
  releaseUpdate,
  type StaleResult,
  settingsWorkflowId,
  TASK_QUEUE,
  tableWorkflowId,
} from '../../contract/index.ts'
import { UNREAD } from '../../planning/open-matters.ts'
import { LabMigration, type LabMigrationOptions } from '../support/lab-migration.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { differences, looks } from '../workflows/support/script.ts'
import { makeTables } from '../workflows/support/stage.ts'
import { patchesOf } from './support/patches.ts'
import { addHistories, addWays, recordedWays } from './support/save-histories.ts'
import { fails, forever, Twists } from './support/twists.ts'

const TYPES = ['clusterSettings', 'migrate', 'replicateTable', 'syncMetadata']
const recording = Boolean(process.env.RECORD_HISTORIES)

/** What a story has: a server of its own, a worker, and migrations between lab clusters. */
class Story {
  readonly temporal: TestTemporal
  readonly twists: Twists
  worker: LabWorker
  readonly #open: LabMigration[] = []

  private constructor(temporal: TestTemporal, twists: Twists, worker: LabWorker) {
    this.temporal = temporal
    this.twists = twists
    this.worker = worker
  }

  /** To its end; then what it did that was never recorded is added. */
  static async tell(continueAfter: number | undefined, story: (story: Story) => Promise<void>, ways: string[]) {
    const temporal = await startTemporal({ continueAfter })
    const twists = new Twists()
    const one = new Story(temporal, twists, await LabWorker.start(temporal, twists.instead))
    try {
      await story(one)
      twists.clear()
      for (const migration of one.#open.splice(0)) await migration.stop()
      await addWays(temporal.client, TYPES)
      // Or there already.
      expect(recordedWays()).toEqual(expect.arrayContaining(ways))
    } finally {
      for (const migration of one.#open) await migration.stop()
      await one.worker.stop()
      await temporal.stop()
    }
  }

  get client() {
    return this.temporal.client
  }

  async migration(name: string, spec: LabMigrationOptions['spec'], tables: number): Promise<LabMigration> {
    const kinds = { source: { version: '3.5' as const }, target: { version: '3.5' as const } }
    const migration = await LabMigration.prepare({ ...kinds, name, spec }, this.temporal, this.worker)
    this.#open.push(migration)
    makeTables(migration, tables)
    return migration
  }

  async isTold(workflowId: string, signal: string): Promise<boolean> {
    const { events } = await this.client.workflow.getHandle(workflowId).fetchHistory()
    return events?.some((one) => one.workflowExecutionSignaledEventAttributes?.signalName === signal) ?? false
  }

  async runs(workflowId: string): Promise<number> {
    return (await this.client.workflow.count(`WorkflowId = '${workflowId}'`)).count
  }
}

/**
 * Adds histories of ways that migrations take seldom: `RECORD_HISTORIES=1 npx vitest run test/histories/record-ways.test.ts`. Only those are added
 * that take one of which no history is there yet.
 */
function story(what: string, ways: string[], act: (story: Story) => Promise<void>, continueAfter?: number): void {
  test.skipIf(!recording)(what, () => Story.tell(continueAfter, act, ways))
}

story(
  'a stop that is not understood; one while a difference looks at clusters that do not answer',
  ['migrate: stop-is-checked', 'syncMetadata: held-look-ends'],
  async (on) => {
    const migration = await on.migration('held', {}, 2)
    await migration.start()
    await migration.caughtUp()
    await on.client.workflow.getHandle('migrate/held').signal('stop', { cancelJob: true })
    await migration.untilStatus('told', ({ findings }) => findings.some(({ code }) => code === 'stop-not-understood'))
    for (const cut of ['connect', 'before'] as const) migration.target.faults.inject({ kind: 'drop-mysql', cut })
    await until('a look fails', async () => {
      const { raw } = await on.client.workflow.getHandle(metadataWorkflowId('held')).describe()
      return raw.pendingActivities?.some((one) => one.activityType?.name === 'listDifferences' && one.lastFailure)
    })
    await migration.starferry.stop('held')
    await until('it is told to hold', () => on.isTold(metadataWorkflowId('held'), holdSignal.name))
    migration.target.faults.clear()
    expect((await migration.starferry.result('held')).state).toBe('stopped')
  },
)

story(
  'one time: a difference fails, a definition has to wait',
  ['error-is-kept', 'unfinished-difference-is-wanted', 'waiting-is-open', 'what-waits-is-tried-again'].map(
    (way) => `migrate: ${way}`,
  ),
  async (on) => {
    const migration = await on.migration('waits', { oneTime: true }, 4)
    const t1 = migration.source.state.databases.get('shop')?.objects.get('t1')
    if (t1?.kind !== 'table') throw new Error('there is no table t1')
    t1.state = 'SCHEMA_CHANGE'
    on.twists.set('listDifferences', fails('no right to list anything'))
    await migration.start()
    await migration.untilStatus('it has failed', ({ reason }) => /no right/.test(reason ?? ''))
    on.twists.clear()
    await until('what can be copied is', () => migration.compare(['shop.t0', 'shop.t2']).differing.length === 0)
    await until('t1 is tried again', async () => {
      const { done, pending } = await migration.starferry.changes('waits')
      return [...done, ...pending].some(({ table, outcome }) => table === 'shop.t1' && outcome === 'waiting')
    })
    await migration.untilStatus('nothing else runs', ({ slots }) => slots.used === 0)
    t1.state = 'NORMAL'
    expect(await migration.starferry.result('waits')).toMatchObject({ state: 'finished', progress: 1 })
  },
)

story('one time: tables of which nobody knows whether they lag', ['migrate: unread-is-open'], async (on) => {
  const migration = await on.migration('unread', { oneTime: true }, 1)
  let unread = 2
  on.twists.set('findStale', async (usual) => {
    const found = (await usual()) as StaleResult
    if (found.counts.laggingPartitions + found.counts.missingTables > 0 || unread-- <= 0) return found
    const finding = { code: UNREAD, level: 'info', subject: 'unread-source', message: 'tables are read one by one' }
    return { ...found, blind: [...(found.blind ?? []), finding] }
  })
  await migration.start()
  expect(await migration.starferry.result('unread')).toMatchObject({ state: 'finished', progress: 1 })
})

story('a difference finds more than it tells', ['migrate: left-out-is-told'], async (on) => {
  const migration = await on.migration('many', { limits: { ddlBatch: 1000 } }, 0)
  const tables = Array.from({ length: 650 }, (_, i) => `shop.t${String(i).padStart(3, '0')}`)
  on.twists.set('listDifferences', async () => differences(...tables))
  on.twists.set('alignTables', async () =>
    tables.map((table) => ({ table, outcome: 'refused', reason: 'no', statements: [], undo: [] })),
  )
  await migration.start()
  await migration.untilStatus('a difference is over', ({ definitionsCheckedAt }) => definitionsCheckedAt !== undefined)
  await migration.starferry.stop('many')
  await migration.starferry.result('many')
})

story(
  'more tables are told to hold than Temporal takes signals of at once',
  ['migrate: signals-in-batches', 'migrate: window-is-bounded'],
  async (on) => {
    const count = 501
    const migration = await on.migration('window', { limits: { tables: 2000 } }, 0)
    const stale = Array.from({ length: count }, (_, i) => ({ table: `shop.t${i}` }))
    const quiet = looks()
    let looked = false
    on.twists.set('findStale', async () => {
      const result = await quiet({} as Parameters<typeof quiet>[0])
      if (looked) return { ...result, slots: 2000 }
      looked = true
      return { ...result, stale, slots: 2000 }
    })
    on.twists.set('replicate', forever)
    await migration.start()
    const all = () => on.client.workflow.count("WorkflowType = 'replicateTable'")
    await until('all run', async () => (await all()).count === count)
    await migration.starferry.pause('window')
    await migration.untilStatus('paused', ({ state }) => state === 'paused')
    await migration.starferry.stop('window')
    await migration.starferry.result('window')
  },
)

story(
  'the Schedule of differences is denied, granted, and denied',
  ['migrate: ends-without-schedules', 'migrate: schedule-is-put-again'],
  async (on) => {
    const migration = await on.migration('denied', { intervals: { metadata: 10, stale: 0.5, park: 3600 } }, 1)
    const says = ({ reason }: { reason?: string }) => reason?.includes('no right to Schedules') ?? false
    on.twists.set('putMetadataSchedule', fails('no right to Schedules'))
    await migration.start()
    await migration.untilStatus('it says why', says)
    on.twists.clear()
    await migration.untilStatus('the Schedule is there', (status) => !says(status))
    on.twists.set('deleteMetadataSchedule', fails('no right to Schedules'))
    await migration.starferry.stop('denied')
    const { findings } = await migration.starferry.result('denied')
    expect(findings.map(({ code }) => code)).toContain('schedule-not-deleted')
  },
)

story(
  'a leased setting: who leads is not known at first, and watching it fails',
  ['clusterSettings: leader-is-asked-again', 'clusterSettings: settings-are-watched-again'],
  async (on) => {
    const migration = await on.migration('leases', {}, 0)
    const cluster = migration.target.state.name
    const settings = [{ key: 'enable_legacy_compatibility_for_replication', value: 'true', reason: 'a story' }]
    const handle = await on.client.workflow.start('clusterSettings', {
      workflowId: settingsWorkflowId(cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster }],
    })
    const ask = (holder: string) => handle.executeUpdate(leaseUpdate, { args: [{ holder, settings }] })
    let watched = 0
    on.twists.set('awaitClosed', forever)
    on.twists.set('keepSettings', (usual) => (++watched === 1 ? fails('as nobody thought')() : usual()))
    on.twists.set('leaderProcess', async () => null)
    await ask('one')
    on.twists.set('leaderProcess', (usual) => usual())
    await ask('two')
    await until('it is watched again', () => watched === 2)
    for (const holder of ['one', 'two']) await handle.executeUpdate(releaseUpdate, { args: [{ holder }] })
    await handle.result()
  },
)

story(
  'a difference continues as new; so does a migration whose tables run, and with the pause that they were not told of yet',
  ['migrate: inherited-tables-are-held', 'syncMetadata: continue-difference'],
  async (on) => {
    const long = await on.migration('again', { limits: { tables: 4, ddlBatch: 2 } }, 40)
    await long.start()
    await long.caughtUp()
    await long.starferry.stop('again')
    await long.starferry.result('again')
    const told = await on.migration('told', { oneTime: true, limits: { tables: 2 } }, 2)
    const frozen = told.target.faults.inject({ kind: 'freeze-jobs' })
    await told.start()
    await until('two jobs run', () => told.jobs.sent === 2)
    // All of it comes with one task.
    await on.worker.stop()
    const before = await on.runs('migrate/told')
    await told.starferry.pause('told')
    for (let i = 0; i < 100; i++) await on.client.workflow.getHandle('migrate/told').signal(metadataDueSignal)
    on.worker = await LabWorker.start(on.temporal, on.twists.instead)
    for (const cluster of [told.source, told.target]) on.worker.configure({ [cluster.state.name]: accessTo(cluster) })
    await until('it continues as new', async () => (await on.runs('migrate/told')) > before)
    for (const table of ['shop.t0', 'shop.t1'])
      await until(`${table} is told`, () => on.isTold(tableWorkflowId('told', table), holdSignal.name))
    frozen.clear()
    await told.untilStatus('paused', ({ state }) => state === 'paused')
    await told.starferry.stop('told')
    await told.starferry.result('told')
  },
  80,
)

story(
  'a table is cancelled, and its step ends as one that has more to do',
  ['replicateTable: cancelled-by-scope'],
  async (on) => {
    const migration = await on.migration('alone', {}, 1)
    const slow = migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
    const spec = migrationSpecSchema.parse(migration.spec)
    const counts = { jobsSent: 1, partitions: 1, totalPartitions: 2, laggingPartitions: 1, bytes: 1, version: '2' }
    let cancelled = false
    on.twists.set('replicate', async (usual) => {
      try {
        return await usual()
      } catch (error) {
        if (!cancelled) throw error
        return { state: 'more', ...counts }
      }
    })
    const table = 'shop.t0'
    const handle = await on.client.workflow.start('replicateTable', {
      workflowId: tableWorkflowId('alone', table),
      taskQueue: TASK_QUEUE,
      args: [{ spec, migrationId: 'migrate/alone', table, parkAfter: 5 }],
    })
    await until('its job runs', () => migration.jobs.sent > 0)
    cancelled = true
    await handle.cancel()
    await until('it has ended', async () => (await handle.describe()).status.name !== 'RUNNING')
    expect((await handle.describe()).status.name).toBe('CANCELLED')
    slow.clear()
  },
  10,
)

story('a table is cancelled, and its migration goes on', [], async (on) => {
  const migration = await on.migration('tables', {}, 1)
  const slow = migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
  await migration.start()
  await until('its job runs', () => migration.jobs.sent === 1)
  await on.client.workflow.getHandle(tableWorkflowId('tables', 'shop.t0')).cancel()
  await until('its job is cancelled', () => migration.jobs.aborted === 1)
  slow.clear()
  await migration.caughtUp()
  await migration.starferry.stop('tables')
  await migration.starferry.result('tables')
  expect(await addHistories(on.client, ['migrate', 'replicateTable'], 4, /^migrate\/tables/)).toBeGreaterThan(2)
})

story(
  'a difference of a former migration of the name reports to the next; something holds a table',
  ['former-differences-are-left-out', 'waits-are-counted-apart', 'schedules-are-deleted-once'].map(
    (way) => `migrate: ${way}`,
  ),
  async (on) => {
    const migration = await on.migration('former', {}, 1)
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let looks = 0
    on.twists.set('listDifferences', async (usual) => {
      if (++looks === 1) await beating(() => released)
      return usual()
    })
    let held = false
    on.twists.set('replicate', (usual) => {
      if (held) return usual()
      held = true
      throw ApplicationFailure.create({ type: 'Busy', message: 'held by a story', nonRetryable: true })
    })
    await migration.start()
    await until('its difference is at it', () => looks === 1)
    await on.client.workflow.getHandle('migrate/former').terminate('a story')
    await migration.start()
    await migration.untilStatus('it is at it', ({ state }) => state === 'syncing')
    release()
    await migration.caughtUp()
    await migration.starferry.stop('former')
    await migration.starferry.result('former')
  },
)

story(
  'a stop that may not cancel jobs at first',
  ['migrate: cancelling-can-be-repeated'],
  async (on) => {
    const migration = await on.migration('cancels', {}, 1)
    migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
    await migration.start()
    await until('its job runs', () => migration.jobs.sent === 1)
    on.twists.set('cancelJobs', fails('no right to cancel'))
    await migration.starferry.stop('cancels', { cancelJobs: true })
    await migration.untilStatus('it says so', ({ reason }) => reason?.includes('could not be cancelled') ?? false)
    on.twists.clear()
    await migration.starferry.stop('cancels', { cancelJobs: true })
    expect((await migration.starferry.result('cancels')).state).toBe('stopped')
    expect(migration.jobs.aborted).toBe(1)
  },
)

story(
  'somebody waits for an answer when the history has become long, and when all is done',
  ['migrate: work-goes-on-beside-answers', 'migrate: answers-come-before-the-end'],
  async (on) => {
    const migration = await on.migration('answers', { oneTime: true, limits: { tables: 2 } }, 12)
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let asked = false
    on.twists.set('existingTables', async (usual) => {
      asked = true
      await beating(() => released)
      return usual()
    })
    const frozen = migration.target.faults.inject({ kind: 'freeze-jobs' })
    await migration.start()
    await until('two jobs run', () => migration.jobs.sent === 2)
    const handle = on.client.workflow.getHandle('migrate/answers')
    const answer = handle.executeUpdate(pauseTablesUpdate, { args: [{ tables: ['shop.none'] }] })
    await until('it is looked up', () => asked)
    frozen.clear()
    await until('all is copied', () => migration.compare().differing.length === 0)
    await until('nothing but the answer is left', async () =>
      patchesOf(await handle.fetchHistory()).has('answers-come-before-the-end'),
    )
    release()
    expect((await answer).rejected).toHaveLength(1)
    expect((await migration.starferry.result('answers')).state).toBe('finished')
  },
  80,
)
