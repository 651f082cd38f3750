import { expect, test } from 'vitest'
import { type PlanContext, planCreate } from '../../activities/metadata/plan-create.ts'
import type { TableFacts } from '../../activities/metadata/read-table.ts'
import { statementsOf } from '../../activities/metadata/steps.ts'
import { type ObjectName, type RunMode, readTable } from '../../starrocks/ddl/index.ts'

const target = { version: { major: 3, minor: 5 }, runMode: 'shared_nothing' }

/** What makes a table on a 3.5 target. */
function statements(
  source: { version: { major: number; minor: number }; runMode: RunMode },
  { comment = '', properties = '' },
): string {
  const text = `CREATE TABLE \`t\` (\n  \`id\` int(11) NOT NULL COMMENT ""\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`)\n${comment}DISTRIBUTED BY HASH(\`id\`) BUCKETS 2 \nPROPERTIES (\n${properties}"replication_num" = "1"\n);`
  const entry = { database: 'd', name: 't', full: 'd.t' }
  const model = readTable(text, { version: source.version })
  const facts = { entry, text, model, partitions: [], indexes: [], definitions: [] }
  const context = {
    pair: { source, target, writeFor: target, rename: (one: ObjectName) => one, placement: {} },
    approved: false,
    nulls: new Map(),
    unknownProperties: new Set(),
    targetDatabases: new Set(['d']),
  }
  const plan = planCreate(facts as unknown as TableFacts, context as unknown as PlanContext)
  return statementsOf(plan.steps).join(';\n')
}

const old = { version: { major: 3, minor: 3 }, runMode: 'shared_nothing' } as const

test('fast schema evolution, which 3.3 prints only where it is on and 3.5 turns on, stays as it was', () => {
  expect(statements(old, {})).toContain("'fast_schema_evolution' = 'false'")
  expect(statements(old, { properties: '"fast_schema_evolution" = "true",\n' })).toContain(
    "'fast_schema_evolution' = 'true'",
  )
})

test('the comment that shared-data frontends print of themselves is none', () => {
  const comment = 'COMMENT "OLAP"\n'
  const lake = { version: { major: 4, minor: 1 }, runMode: 'shared_data' } as const
  expect(statements(lake, { comment })).not.toContain("COMMENT 'OLAP'")
  expect(statements(lake, { comment: 'COMMENT "mine"\n' })).toContain("COMMENT 'mine'")
  expect(statements(old, { comment })).toContain("COMMENT 'OLAP'")
})
