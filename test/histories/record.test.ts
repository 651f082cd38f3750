import { expect, test } from 'vitest'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { insert, makeTables } from '../workflows/support/stage.ts'
import { addHistories } from './support/save-histories.ts'

const TYPES = ['clusterSettings', 'doctor', 'migrate', 'plan', 'replicateTable', 'syncMetadata', 'tables']
/** Kept of each type but migrations, whose every run is. */
const MOST = 10

/**
 * Adds to the histories that replay.test.ts runs over: `RECORD_HISTORIES=1 npx vitest run test/histories/record.test.ts`. To be done when
 * workflows take new ways; what older versions recorded stays, and proves that runs in flight go on.
 */
test.skipIf(!process.env.RECORD_HISTORIES)(
  'record',
  async () => {
    const temporal = await startTemporal({ continueAfter: 150 })
    const worker = await LabWorker.start(temporal)
    try {
      await oneTime(temporal, worker)
      await story(temporal, worker)
      await questions(temporal, worker)
      await failingDdl(temporal, worker)
      const saved = await addHistories(temporal.client, TYPES, MOST)
      expect(saved).toBeGreaterThan(10)
    } finally {
      await worker.stop()
      await temporal.stop()
    }
  },
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

/** Approvals of what a difference asks, and of what a table's round asks; many tables at once, and a pause and a stop while they are made. */
async function questions(temporal: TestTemporal, worker: LabWorker): Promise<void> {
  const migration = await LabMigration.prepare(
    { ...kinds, name: 'questions', spec: { limits: { ddlBatch: 2 } } },
    temporal,
    worker,
  )
  const { source, target, starferry } = migration
  const asked = (statement: RegExp) =>
    until(`it asks for ${statement}`, async () => {
      const parked = await starferry.parked('questions')
      return parked.some(({ statements }) => statement.test(statements[0] ?? ''))
    })
  makeTables(migration, 3)
  await migration.start()
  await migration.caughtUp()
  target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
  insert(migration, 't1')
  await asked(/^TRUNCATE/)
  await starferry.approve('questions', ['shop.t1'])
  await migration.settled()
  target.execute(`INSERT INTO shop.t1 VALUES (-2, 'local')`)
  source.execute('ALTER TABLE shop.t1 ADD COLUMN w INT')
  await asked(/^DROP TABLE/)
  await starferry.approve('questions', ['shop.t1'])
  await migration.settled()
  target.faults.inject({ kind: 'delay-mysql', ms: 100, match: /^CREATE TABLE/ })
  for (let i = 3; i < 60; i++) source.execute(`CREATE TABLE shop.t${i} LIKE shop.t0`)
  await until('some are made', () => target.state.databases.get('shop')?.objects.has('t3'))
  await starferry.pause('questions')
  await migration.untilStatus('paused', ({ state }) => state === 'paused')
  const before = target.state.databases.get('shop')?.objects.size ?? 0
  await starferry.resume('questions')
  await until('more are made', () => (target.state.databases.get('shop')?.objects.size ?? 0) > before)
  await starferry.stop('questions')
  await starferry.result('questions')
  await migration.stop()
}

/** DDL that fails for a while, and a setting that cannot be put back for a while. */
async function failingDdl(temporal: TestTemporal, worker: LabWorker): Promise<void> {
  const spec = { oneTime: true, settings: { legacyCompatibility: 'on' as const } }
  const migration = await LabMigration.prepare({ ...kinds, name: 'failing', spec }, temporal, worker)
  const { target, starferry } = migration
  makeTables(migration, 3)
  const slow = target.faults.inject({ kind: 'delay-mysql', ms: 500, match: /^ADMIN SET/ })
  await migration.start()
  await until('it begins', () => slow.struck > 0)
  const dead = target.state.nodes.map((_, node) => target.faults.inject({ kind: 'node-down', node, how: 'dead' }))
  await migration.untilStatus('DDL failed', ({ tables }) => tables.parked === 3)
  const denied = target.faults.inject({ kind: 'refuse-privilege', privilege: 'OPERATE' })
  const settings = temporal.client.workflow.getHandle('settings/failing-target')
  await settings.executeUpdate('release', { args: [{ holder: 'migrate/failing' }] })
  denied.clear()
  await until('the setting is put back', async () => (await settings.describe()).status.name === 'COMPLETED')
  for (const fault of dead) fault.clear()
  await starferry.result('failing')
  await migration.stop()
}
