import { afterEach, describe, expect, test } from 'vitest'
import { misplacedRows, scanRows } from '../../lab/data/index.ts'
import { LabCluster } from '../../lab/index.ts'
import type { LabTable } from '../../lab/model.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { qualified } from '../../lab/scenario/table-spec.ts'

let cluster: LabCluster | undefined
afterEach(async () => {
  await cluster?.stop()
  cluster = undefined
})

function tableOf(running: LabCluster, db: string, name: string): LabTable {
  const table = running.state.databases.get(db)?.objects.get(name)
  if (table?.kind !== 'table') throw new Error(`There is no table ${db}.${name}`)
  return table
}

describe.each([
  ['3.1', 'shared_nothing'],
  ['3.3', 'shared_nothing'],
  ['3.5', 'shared_nothing'],
  ['4.1', 'shared_nothing'],
  ['4.1', 'shared_data'],
] as const)('the demo scenario on %s %s', (version, runMode) => {
  test('every statement is taken, and every table has its rows', async () => {
    const running = await LabCluster.start({ name: 'demo', version, runMode })
    cluster = running
    const scenario = demoScenario({ version, runMode })
    const refused: string[] = []
    for (const sql of scenario.statements) {
      try {
        running.execute(sql)
      } catch (error) {
        refused.push(`${sql.slice(0, 200)}\n  => ${error instanceof Error ? error.message : error}`)
      }
    }
    expect(refused).toEqual([])
    expect(scenario.tables.length).toBeGreaterThanOrEqual(40)
    for (const { db, name, rows } of scenario.tables) {
      const table = tableOf(running, db, name)
      const count = [...scanRows(table)].length
      // Upserts and aggregates fold rows together.
      expect(count, name).toBeGreaterThan(rows === 0 ? -1 : Math.min(rows, 15) - 1)
      if (table.keysType === 'DUP_KEYS') expect(count, name).toBe(rows)
      expect(misplacedRows(table), name).toBe(0)
      const counted = running.execute(`SELECT count(*) FROM ${qualified({ db, name })}`)
      expect(counted.rows, name).toEqual([[String(count)]])
    }
    const kinds = [...running.state.databases.values()].flatMap((db) => [...db.objects.values()].map((one) => one.kind))
    for (const kind of ['view', 'materialized-view', 'external-table'] as const) expect(kinds).toContain(kind)
    for (const { db, name } of [...scenario.views, ...scenario.materializedViews, ...scenario.refused]) {
      expect(running.state.databases.get(db)?.objects.has(name), name).toBe(true)
    }
    const models = scenario.tables.map(({ db, name }) => tableOf(running, db, name).keysType)
    expect(new Set(models).size).toBe(4)
  })
})
