import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabRunMode, LabVersion } from '../../lab/index.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'

let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

const PAIRS: { pair: string; from: LabVersion; fromMode?: LabRunMode; to: LabVersion; mode?: LabRunMode }[] = [
  { pair: '3.1 to 3.5', from: '3.1', to: '3.5' },
  { pair: '3.3 to 4.1', from: '3.3', to: '4.1' },
  { pair: '3.5 to 4.1 shared-data', from: '3.5', to: '4.1', mode: 'shared_data' },
  {
    pair: '4.1 shared-data to 4.1 shared-data',
    from: '4.1',
    fromMode: 'shared_data',
    to: '4.1',
    mode: 'shared_data',
  },
]

describe.concurrent('every kind of table, from end to end', () => {
  it.each(PAIRS)('$pair', async ({ pair, from, fromMode, to, mode }) => {
    const migration = await LabMigration.prepare(
      {
        name: pair.replaceAll(' ', '-'),
        source: { version: from, runMode: fromMode },
        target: { version: to, runMode: mode },
        spec: { parkAfter: 2, limits: { tables: 20 } },
      },
      temporal,
      worker,
    )
    const { source, target, starferry, name } = migration
    try {
      const scenario = demoScenario({ version: from, runMode: fromMode ?? 'shared_nothing' })
      for (const statement of scenario.statements) source.execute(statement)
      await migration.start()
      const tables = scenario.tables.map((table) => `${table.db}.${table.name}`)
      let refused: string[] = []
      await migration.untilStatus(
        'everything that can be copied is',
        async () => {
          const parked = await starferry.parked(name)
          refused = parked.filter((one) => !one.needsApproval && one.reason !== '').map(({ table }) => table)
          const possible = tables.filter((table) => !refused.includes(table))
          return refused.length > 0 && migration.compare(possible).differing.length === 0
        },
        { withinMs: 180_000 },
      )
      const expected = scenario.refused.map((one) => `${one.db}.${one.name}`)
      const parked = await starferry.parked(name)
      expect(
        parked
          .map(({ table, reason }) => `${table}: ${reason}`)
          .filter((text) => !expected.some((one) => text.startsWith(one))),
      ).toEqual([])
      expect(parked.map(({ table }) => table).sort()).toEqual(expected.sort())
      const comparison = migration.compare()
      expect(comparison.differing).toEqual([])
      expect(comparison.rowsCompared).toBeGreaterThan(1_000)
      for (const { db, name: view } of [...scenario.views, ...scenario.materializedViews]) {
        expect(target.state.databases.get(db)?.objects.has(view), `${db}.${view}`).toBe(true)
      }
      expect(migration.jobs.sentTwice()).toEqual([])
    } finally {
      await migration.stop()
    }
  })
})
