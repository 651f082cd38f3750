import { describe, expect, it } from 'vitest'
import {
  compareDefinitions,
  definitionsOfIndexes,
  type IndexDefinition,
  keepNames,
  sqlTokens,
  withBlanks,
  writeSyncView,
} from '../../starrocks/ddl/index.ts'

const names = {
  view: 'mv',
  database: 'db',
  table: 'orders',
  columns: ['k1', 'k2', 'k3', 'v1', 'group_id', 'order_no', 'mv_total', 'mv_sum_v1'],
}
/** As SHOW MATERIALIZED VIEWS prints it. */
const printed = (typed: string) => typed.replaceAll(/[\n\t]/g, '').replaceAll(/ +/g, ' ')
const words = (text = '') => sqlTokens(text).flatMap(({ kind, text: word }) => (kind === 'space' ? [] : [word]))

describe('the blanks of a synchronous view that was typed on many lines', () => {
  it.each([
    'CREATE MATERIALIZED VIEW mv AS\nSELECT k2, SUM(v1)\nFROM orders\nGROUP BY k2;',
    "CREATE\nMATERIALIZED VIEW\n\tdb.mv\nAS\nSELECT\n\tdate_trunc('month', k2) AS m,\n\tk1\nFROM\n\tdb.orders\nWHERE\n\tlength(k3) > 1\n\tAND k1 > 10\nORDER BY\n\tk1",
    'CREATE MATERIALIZED VIEW mv\nCOMMENT "x as y"\nAS SELECT k1,\nv1 + 1\nAS c\nFROM\norders\nWHERE k1 = 10\nGROUP\nBY k1,\nv1',
    'create materialized view mv as select k1, inet_aton(k3) as total\nfrom orders where k2 in\n(1,2) and k3 is\nnot\nnull order\nby k1\ndesc',
    'create materialized view mv as select case\nwhen k1 = 1\nthen v1\nelse null\nend\nas q\nfrom orders',
    'create materialized view mv as select k1, sum(v1) c\nfrom orders\ngroup by group_id, order_no',
    'create materialized view mv as select k1, date_sub(k2, interval 1\nday) as c2\nfrom orders',
    'create materialized view mv as select cast(k1 as decimal(10,2)) as c2, cast(v1 as bigint)\nfrom orders',
    'create materialized view mv as select k1, sum(v1) as fromage\nfrom orders group by k1',
    'create materialized view `mv`\nas select `k1`\nfrom `orders`\nwhere `k1` > 1\norder by `k1`',
  ])('%j', (typed) => {
    expect(words(withBlanks(printed(typed), names))).toEqual(words(typed))
    expect(withBlanks(typed, names)).toBe(typed)
  })

  it('cannot be told where a comment went to the end of its line', () => {
    const typed = 'CREATE MATERIALIZED VIEW mv AS SELECT k1 FROM orders -- no test rows\nWHERE k1 > 10'
    expect(withBlanks(printed(typed), names)).toBeUndefined()
    const indexes = [
      { name: 'orders', keysType: 'DUP_KEYS', columns: [] },
      { name: 'mv', keysType: 'DUP_KEYS', columns: [] },
    ]
    const listed = [['mv', printed(typed)] as const]
    expect(definitionsOfIndexes({ database: 'db', name: 'orders' }, indexes, listed)).toEqual([
      { kind: 'unknown', name: 'mv', shown: printed(typed) },
    ])
  })

  it('cannot be told where two ways are as good', () => {
    const two = { ...names, columns: ['a', 'aORb', 'bORc', 'c'] }
    const view = 'CREATE MATERIALIZED VIEW mv AS SELECT c FROM orders WHERE '
    expect(withBlanks(`${view}aORbORc`, two)).toBeUndefined()
    expect(withBlanks(`${view}aORaORb`, two)).toBe(`${view}a OR aORb`)
  })
})

describe('definitions of both sides', () => {
  const view = (query: string, name = 'mv'): IndexDefinition => ({
    kind: 'sync-view',
    name,
    text: `CREATE MATERIALIZED VIEW ${name} AS ${query}`,
  })
  const rename = () => ({ database: 'new db', name: 'all orders' })
  const options = { source: { database: 'db', name: 'orders' }, rename }
  const compare = (source: IndexDefinition, target: IndexDefinition) =>
    compareDefinitions([source], [target], options).map(({ why }) => why)

  it('what starferry made is the same, however it was typed and is printed', () => {
    for (const query of [
      "SELECT k1, v1 + 1 AS w FROM db.orders WHERE k3 = 'a b' ORDER BY k1",
      'select orders.k1 from orders',
    ]) {
      const made = writeSyncView(`CREATE MATERIALIZED VIEW mv AS ${query}`, options) ?? ''
      expect(compare(view(query), { kind: 'sync-view', name: 'mv', text: made })).toEqual([])
      expect(compare(view(query), { kind: 'sync-view', name: 'mv', text: printed(made) })).toEqual([])
      expect(compare(view(query), view('SELECT v1 FROM `new db`.`all orders`'))).toHaveLength(1)
    }
  })

  it('another condition, expression or kind is told; what nobody knows is not', () => {
    const here = view('SELECT k1, v1 + 1 AS w FROM db.orders WHERE k1 > 1')
    for (const other of [
      'v1 + 2 AS w FROM `new db`.`all orders` WHERE k1 > 1',
      'v1 + 1 AS w FROM `new db`.`all orders`',
    ]) {
      expect(compare(here, view(`SELECT k1, ${other}`))).toEqual([
        'synchronous view mv has another query on the target',
      ])
    }
    const rollup: IndexDefinition = { kind: 'rollup', rollup: { name: 'mv', columns: ['k1'] } }
    expect(compare(here, rollup)).toEqual(['index mv is a synchronous view, and a rollup on the target'])
    expect(compare(rollup, here)).toEqual(['index mv is a rollup, and a synchronous view on the target'])
    expect(compare(rollup, rollup)).toEqual([])
    expect(compare(here, { kind: 'unknown', name: 'mv' })).toEqual([])
    expect(compare({ kind: 'unknown', name: 'mv' }, here)).toEqual([])
    expect(compareDefinitions([here], [], { ...options, rename: keepNames })).toEqual([])
  })

  it('remains that nobody can read are the same where both sides show the same', () => {
    const remains = (database: string, end: string): IndexDefinition => ({
      kind: 'unknown',
      name: 'mv',
      shown: `CREATE MATERIALIZED VIEW mv AS SELECT k1FROM ${database}orders -- not the first${end}`,
    })
    const keep = { source: { database: 'db', name: 'orders' }, rename: () => ({ database: 'new db', name: 'orders' }) }
    const told = (source: IndexDefinition, target: IndexDefinition) =>
      compareDefinitions([source], [target], keep).map(({ why }) => why)
    expect(told(remains('db.', 'WHERE k1 > 1'), remains('`new db`.', ' WHERE k1 > 1'))).toEqual([])
    expect(told(remains('db.', 'WHERE k1 > 2'), remains('`new db`.', 'WHERE k1 > 1'))).toEqual([
      'index mv may have another definition on the target',
    ])
    expect(told(remains('', ''), view('SELECT k1 FROM orders'))).toHaveLength(1)
    expect(told(view('SELECT k1 FROM orders'), remains('', ''))).toEqual([
      'index mv has another definition on the target',
    ])
  })

  it('a comment that speaks of AS is no query', () => {
    expect(
      writeSyncView('CREATE MATERIALIZED VIEW IF NOT EXISTS mv COMMENT "same as t" AS SELECT k1 FROM t', {
        source: options.source,
      }),
    ).toBe('CREATE MATERIALIZED VIEW `db`.`mv` COMMENT "same as t" AS SELECT k1 FROM `db`.t')
  })
})
