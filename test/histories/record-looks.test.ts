import { expect, test } from 'vitest'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal } from '../support/temporal.ts'
import { insert, makeTables } from '../workflows/support/stage.ts'
import { addHistories } from './support/save-histories.ts'

/**
 * As record.test.ts, of looks that fail and of a migration that has not caught up because a table is parked; beside the histories that are there:
 * `RECORD_HISTORIES=1 npx vitest run test/histories/record-looks.test.ts`.
 */
test.skipIf(!process.env.RECORD_HISTORIES)(
  'record',
  async () => {
    const temporal = await startTemporal()
    const worker = await LabWorker.start(temporal)
    const migration = await LabMigration.prepare(
      { name: 'looks', source: { version: '3.3' }, target: { version: '3.5' } },
      temporal,
      worker,
    )
    try {
      makeTables(migration, 3)
      await migration.start()
      await migration.caughtUp()
      for (const cut of ['connect', 'before'] as const) migration.source.faults.inject({ kind: 'drop-mysql', cut })
      await migration.untilStatus('told', ({ reason }) => /the figures are of/.test(reason ?? ''))
      migration.source.faults.clear()
      await migration.caughtUp()
      migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
      insert(migration, 't1')
      const waits = await migration.untilStatus(
        'parked, and nothing runs',
        ({ tables, slots }) => tables.parked === 1 && slots.used === 0,
      )
      expect(waits.state).toBe('syncing')
      await migration.starferry.approve('looks', ['shop.t1'])
      await migration.caughtUp()
      await migration.starferry.stop('looks')
      await migration.starferry.result('looks')
      expect(await addHistories(temporal.client, ['migrate'], 1, /^migrate\/looks$/)).toBe(1)
    } finally {
      await migration.stop()
      await worker.stop()
      await temporal.stop()
    }
  },
)
