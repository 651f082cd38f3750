import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
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

async function runs(workflowId: string): Promise<number> {
  return (await temporal.client.workflow.count(`WorkflowId = '${workflowId}'`)).count
}
