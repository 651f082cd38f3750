import { expect, test } from 'vitest'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { insert, makeTables } from '../workflows/support/stage.ts'
import { saveHistories } from './support/save-histories.ts'

const TYPES = ['clusterSettings', 'doctor', 'migrate', 'plan', 'replicateTable', 'syncMetadata', 'tables']

/**
 * Records the histories that replay.test.ts runs over: `RECORD_HISTORIES=1 npx vitest run test/histories/record.test.ts`. To be done when a
 * change of workflow code shall not be compatible with runs in flight; until then old histories stay, and prove that they go on.
 */
test.skipIf(!process.env.RECORD_HISTORIES)(
  'record',
  async () => {
    const temporal = await startTemporal({ continueAfter: 150 })
    const worker = await LabWorker.start(temporal)
    try {
      await oneTime(temporal, worker)
      await story(temporal, worker)
      const saved = await saveHistories(temporal.client, TYPES)
      expect(saved).toBeGreaterThan(10)
    } finally {
      await worker.stop()
      await temporal.stop()
    }
  },
  300_000,
)

const kinds = { source: { version: '3.3' as const }, target: { version: '3.5' as const } }

async function oneTime(temporal: TestTemporal, worker: LabWorker): Promise<void> {
  const migration = await LabMigration.prepare({ ...kinds, name: 'once', spec: { oneTime: true } }, temporal, worker)
  makeTables(migration, 5)
  await migration.starferry.doctor(migration.spec)
  await migration.starferry.plan({ spec: migration.spec })
  await migration.start()
  await migration.starferry.result('once')
  await migration.starferry.tables('once')
  await migration.stop()
}

/** Everything that an operator does, and what goes wrong on the way. */
async function story(temporal: TestTemporal, worker: LabWorker): Promise<void> {
  const spec = { parkAfter: 2, limits: { tables: 3 }, settings: { legacyCompatibility: 'on' as const } }
  const migration = await LabMigration.prepare({ ...kinds, name: 'story', spec }, temporal, worker)
  makeTables(migration, 12)
  const fault = migration.target.faults.inject({ kind: 'abort-job', table: 't3', error: 'Source snapshots is empty' })
  migration.target.faults.inject({ kind: 'busy', times: 1 })
  migration.target.faults.inject({ kind: 'lose-job', times: 1 })
  migration.target.faults.inject({ kind: 'slow-jobs', factor: 3 })
  await migration.start()
  await until('a job runs', () => migration.jobs.sent > 0)
  await migration.starferry.pause('story')
  await migration.untilStatus('paused', ({ state }) => state === 'paused')
  await migration.starferry.resume('story')
  await migration.untilStatus('parked', ({ tables }) => tables.parked === 1)
  fault.clear()
  await migration.starferry.retry('story', ['shop.t3'])
  await migration.caughtUp()
  migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
  insert(migration, 't1')
  migration.source.execute('ALTER TABLE shop.t2 ADD COLUMN w INT')
  migration.source.execute('TRUNCATE TABLE shop.t4')
  await until('t1 waits', async () => (await migration.starferry.parked('story')).some((one) => one.needsApproval))
  await migration.starferry.approve('story', ['shop.t1'])
  await migration.starferry.pauseTables('story', ['shop.t5'])
  await migration.starferry.configure('story', { limits: { tables: 5 } })
  await migration.starferry.resumeTables('story', ['shop.t5'])
  await migration.settled()
  migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
  insert(migration, 't6')
  const before = migration.jobs.sent
  await until('a job runs', () => migration.jobs.sent > before)
  await migration.starferry.stop('story', { cancelJobs: true })
  await migration.starferry.result('story')
  await migration.stop()
}
