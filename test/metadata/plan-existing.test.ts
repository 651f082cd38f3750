import { describe, expect, test } from 'vitest'
import type { Pair } from '../../activities/metadata/pair.ts'
import type { PlanContext } from '../../activities/metadata/plan-create.ts'
import { lacksForeignKeys, planExisting } from '../../activities/metadata/plan-existing.ts'
import type { TableFacts, TablePartition } from '../../activities/metadata/read-table.ts'
import { statementsOf } from '../../activities/metadata/steps.ts'
import { migrationSpecSchema } from '../../contract/index.ts'
import { type ObjectName, readTable } from '../../starrocks/ddl/index.ts'

const version = { major: 3, minor: 5 }

describe('foreign keys', () => {
  const table = (keys?: string) => {
    const property = keys === undefined ? '' : `"foreign_key_constraints" = "${keys}",\n`
    return {
      model: readTable(
        `CREATE TABLE \`f\` (\n  \`id\` int(11) NOT NULL COMMENT "",\n  \`a\` int(11) NOT NULL COMMENT ""\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`)\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 2 \nPROPERTIES (\n"compression" = "LZ4",\n${property}"replication_num" = "1"\n);`,
        { version },
      ),
    }
  }
  const pair = (tableProperties: boolean): Pick<Pair, 'rename' | 'spec'> => ({
    rename: ({ database, name }: ObjectName) => ({ database: database === 'shop' ? 'copy' : database, name }),
    spec: migrationSpecSchema.parse({ name: 'm', source: 'source', target: 'target', sync: { tableProperties } }),
  })
  const wanted = table('(a) REFERENCES default_catalog.shop.p(id)')
  const same = table('(a)  REFERENCES default_catalog.copy.p( id )')
  const other = table('(id) REFERENCES default_catalog.copy.p(id)')

  test.each([true, false])(
    'that are missing are wanted, and those of the source under the target’s names not again (properties synchronized: %s)',
    (synchronized) => {
      expect(lacksForeignKeys(wanted, table(), pair(synchronized))).toBe(true)
      expect(lacksForeignKeys(wanted, same, pair(synchronized))).toBe(false)
      expect(lacksForeignKeys(table(), other, pair(synchronized))).toBe(false)
    },
  )

  test('that are others are wanted where properties are synchronized', () => {
    expect(lacksForeignKeys(wanted, other, pair(true))).toBe(true)
    expect(lacksForeignKeys(wanted, wanted, pair(true))).toBe(true)
    expect(lacksForeignKeys(wanted, other, pair(false))).toBe(false)
  })
})

// From 3.5 on a table by day can hold partitions of a month.
test('of days that the source merged into a month nothing is dropped: no statement makes the month', () => {
  const text =
    'CREATE TABLE `t` (\n  `dt` date NULL COMMENT "",\n  `id` int(11) NULL COMMENT ""\n) ENGINE=OLAP \nDUPLICATE KEY(`dt`)\nPARTITION BY date_trunc(\'day\', dt)\nDISTRIBUTED BY HASH(`id`) BUCKETS 1 \nPROPERTIES (\n"fast_schema_evolution" = "true",\n"replication_num" = "1"\n);'
  let id = 1n
  const partition = (name: string, lower: string, upper: string) => {
    const bound = (one: string) => [{ kind: 'value', text: one }]
    return {
      shape: { name, buckets: 1, values: { kind: 'range', lower: bound(lower), upper: bound(upper) } },
      rows: [{ id: id++, name, visibleVersion: 5n, dataVersion: 5n, txnType: 'REPLICATION' }],
    } as unknown as TablePartition
  }
  const facts = (...partitions: TablePartition[]) =>
    ({
      entry: { database: 'd', name: 't', full: 'd.t' },
      text,
      model: readTable(text, { version }),
      partitions,
      indexes: [],
      definitions: [],
    }) as unknown as TableFacts
  const side = { version, runMode: 'shared_nothing' }
  const spec = migrationSpecSchema.parse({ name: 'm', source: 'source', target: 'target' })
  const context = {
    pair: { spec, source: side, target: side, writeFor: side, rename: (one: ObjectName) => one, placement: {} },
    approved: false,
    nulls: new Map(),
    unknownProperties: new Set(),
    targetDatabases: new Set(['d']),
  } as unknown as PlanContext
  const days = [partition('p20240101', '2024-01-01', '2024-01-02'), partition('p20240102', '2024-01-02', '2024-01-03')]
  const merged = planExisting(facts(partition('p202401', '2024-01-01', '2024-02-01')), facts(...days), context)
  expect(merged).toMatchObject({ action: 'refuse', reason: expect.stringContaining('p202401') })
  expect(statementsOf(merged.steps)).toEqual([])

  // A day that is gone is.
  const [kept] = days
  const gone = planExisting(facts(...(kept ? [kept] : [])), facts(...days), context)
  expect(gone.action).toBe('alter')
  expect(statementsOf(gone.steps)).toEqual([expect.stringMatching(/DROP PARTITION .*p20240102/)])
})
