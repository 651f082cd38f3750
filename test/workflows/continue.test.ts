import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdSignal, metadataDueSignal, tableWorkflowId } from '../../contract/index.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { insert, makeTables } from './support/stage.ts'

/** A server that suggests to continue as new after a few events already. */
let temporal: TestTemporal
let worker: LabWorker

beforeAll(async () => {
  temporal = await startTemporal({ continueAfter: 80 })
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

describe('continue as new', () => {
  test('running tables are taken over, none is sent twice, and what was paused or parked stays so', async () => {
    const kind = { version: '3.5' as const }
    const migration = await LabMigration.prepare(
      {
        name: 'again',
        source: kind,
        target: kind,
        spec: { limits: { tables: 4, ddlBatch: 2 }, parkAfter: 1, intervals: { metadata: 5, stale: 0.5, park: 3600 } },
      },
      temporal,
      worker,
    )
    try {
      makeTables(migration, 30)
      migration.target.faults.inject({ kind: 'abort-job', table: 't7', error: 'Source snapshots is empty' })
      migration.target.faults.inject({ kind: 'slow-jobs', factor: 5 })
      await migration.start()
      await migration.untilStatus(
        'all but the parked one are confirmed',
        ({ tables }) => tables.parked === 1 && tables.expired === 1,
        { withinMs: 120_000 },
      )
      await until('several runs', async () => (await runs('migrate/again')) >= 3)
      expect(await runs('migrate/again/metadata')).toBeGreaterThanOrEqual(2)
      for (const table of ['t1', 't2', 't3']) insert(migration, table)
      await until('the writes are followed', () => {
        return migration.compare(['shop.t1', 'shop.t2', 'shop.t3']).differing.length === 0
      })
      const status = await migration.status()
      expect(status.tables).toMatchObject({ total: 30, parked: 1 })
      expect(status.jobs.failed).toBe(1)
      expect(migration.jobs.sentTwice()).toEqual([])
      expect(migration.compare().differing).toHaveLength(1)
    } finally {
      await migration.stop()
    }
  })
})

test('what a pause has to tell running tables, the next run tells them as well', async () => {
  const kind = { version: '3.5' as const }
  // Others have a Schedule to pause first.
  const spec = { oneTime: true, limits: { tables: 2 } }
  const migration = await LabMigration.prepare({ name: 'told', source: kind, target: kind, spec }, temporal, worker)
  try {
    makeTables(migration, 2)
    const frozen = migration.target.faults.inject({ kind: 'freeze-jobs' })
    await migration.start()
    await until('two jobs run', () => migration.jobs.sent === 2)
    // All of it comes with one task: the pause, and more than a run is to have.
    await worker.stop()
    const before = await runs('migrate/told')
    const handle = temporal.client.workflow.getHandle('migrate/told')
    await migration.starferry.pause('told')
    for (let i = 0; i < 100; i++) await handle.signal(metadataDueSignal)
    worker = await LabWorker.start(temporal)
    const { source, target } = migration
    worker.configure({ [source.state.name]: accessTo(source), [target.state.name]: accessTo(target) })
    await until('it continues as new', async () => (await runs('migrate/told')) > before)
    for (const table of ['shop.t0', 'shop.t1']) {
      await until(`${table} is told`, async () => {
        const { events } = await temporal.client.workflow.getHandle(tableWorkflowId('told', table)).fetchHistory()
        return events?.some((one) => one.workflowExecutionSignaledEventAttributes?.signalName === holdSignal.name)
      })
    }
    frozen.clear()
    await migration.untilStatus('paused', ({ state }) => state === 'paused')
  } finally {
    await migration.stop()
  }
})

async function runs(workflowId: string): Promise<number> {
  return (await temporal.client.workflow.count(`WorkflowId = '${workflowId}'`)).count
}
