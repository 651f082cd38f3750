import { describe, expect, test } from 'vitest'
import { planColumnChange } from '../../activities/metadata/plan-columns.ts'
import { statementsOf } from '../../activities/metadata/steps.ts'
import { readTable } from '../../starrocks/ddl/index.ts'

const table = (columns: string[], { fast = 'true', index = '' } = {}) =>
  readTable(
    `CREATE TABLE \`t\` (\n  ${[...columns, ...(index ? [index] : [])].join(',\n  ')}\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`)\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 2 \nPROPERTIES (\n"fast_schema_evolution" = "${fast}",\n"replication_num" = "1"\n);`,
    { version: { major: 3, minor: 5 } },
  )
const id = '`id` int(11) NOT NULL COMMENT ""'
const v = '`v` int(11) NULL COMMENT ""'
const w = '`w` varchar(20) NULL COMMENT ""'
const plan = (source: ReturnType<typeof table>, target: ReturnType<typeof table>) => {
  const name = { database: 'd', name: 't' }
  const steps = planColumnChange(source, target, name, { runMode: 'shared_nothing' }, { allowed: false, of: [] })
  return steps && statementsOf(steps)
}

describe('columns that came or went', () => {
  test('are added in their place, without touching rows', () => {
    expect(plan(table([id, w, v]), table([id, v]))).toEqual([
      "ALTER TABLE `d`.`t` ADD COLUMN `w` varchar(20) NULL COMMENT '' AFTER `id`",
    ])
  })
  test('are dropped', () => {
    expect(plan(table([id]), table([id, v]))).toEqual(['ALTER TABLE `d`.`t` DROP COLUMN `v`'])
  })
  test.each([
    ['a renamed column', table([id, w]), table([id, w.replace('`w`', '`v`')])],
    [
      'a column that may have been renamed to another that was dropped',
      table([id, v]),
      table([id, v, v.replace('`v`', '`new_v`')]),
    ],
    [
      'a column of another type in the place of one, that may be the same renamed and changed',
      table([id, w]),
      table([id, v]),
    ],
    ['a new column that may be an old one renamed', table([id, v, v.replace('`v`', '`old_v`')]), table([id, v])],
  ])('%s is taken for what it may be', (_what, source, target) => {
    expect(plan(source, target)).toBeUndefined()
  })
  test.each([
    ['another order', table([id, w, v]), table([id, v, w])],
    ['a key column', table([id, v]), table(['`k` int(11) NOT NULL COMMENT ""', id, v])],
    ['no fast schema evolution', table([id, v, w]), table([id, v], { fast: 'false' })],
    [
      'a default that differs by time',
      table([id, '`x` datetime NULL DEFAULT CURRENT_TIMESTAMP COMMENT ""']),
      table([id]),
    ],
    ['a column without default that takes no NULL', table([id, '`x` int(11) NOT NULL COMMENT ""']), table([id])],
    ['a generated column', table([id, '`x` int(11) NULL AS id + 1 COMMENT ""']), table([id])],
    ['a column with an index', table([id, v], { index: 'INDEX i (`v`) USING BITMAP COMMENT ""' }), table([id])],
  ])('%s: the table must be made again', (_what, source, target) => {
    expect(plan(source, target)).toBeUndefined()
  })
})
