import { describe, expect, test } from 'vitest'
import { migrationSpecSchema } from '../../contract/migration-spec.ts'
import { differOnlyInCase, findCollisions } from '../../planning/preflight-collisions.ts'
import { createSelection } from '../../planning/selection.ts'

const select = (part: Record<string, unknown>) =>
  createSelection(migrationSpecSchema.parse({ name: 'm', source: 'a', target: 'b', ...part }))

describe('what a migration copies', () => {
  test.each([
    // include, exclude, database, table, taken
    [[], [], 'shop', 'orders', true],
    [['shop'], [], 'shop', 'orders', true],
    [['shop'], [], 'Shop', 'orders', false],
    [['shop.orders'], [], 'shop', 'orders', true],
    [['shop.orders'], [], 'shop', 'orders2', false],
    [['shop.*'], ['shop.tmp_*'], 'shop', 'tmp_1', false],
    [['shop.*'], ['shop.tmp_*'], 'shop', 'orders', true],
    [['sh?p'], [], 'shop', 't', true],
    [['sh?p'], [], 'shoop', 't', false],
    [['{shop,crm}.orders'], [], 'crm', 'orders', true],
    [['{shop.a,crm.b}'], [], 'crm', 'b', true],
    [['{shop.a,crm.b}'], [], 'crm', 'a', false],
    [['log_202[0-4]'], [], 'log_2023', 't', true],
    [['log_202[0-4]'], [], 'log_2025', 't', false],
    [['log_202[!0-4]'], [], 'log_2025', 't', true],
    [[], ['shop'], 'shop', 'orders', false],
    [[], ['*.tmp'], 'shop', 'tmp', false],
    [['shop.a.b'], [], 'shop', 'a.b', true],
    [['shop.a+b (old)'], [], 'shop', 'a+b (old)', true],
    [['shop.x[1]'], [], 'shop', 'x[1]', true],
    [['shop.$`;'], [], 'shop', '$`;', true],
    [['shop.a{b,c}'], [], 'shop', 'a{b,c}', true],
    [['shop.{}'], [], 'shop', '{}', true],
    [['数据.*'], [], '数据', '表', true],
    [['shop.**'], [], 'shop', 'a', true],
    [[], [], 'information_schema', 'tables', false],
    [['*'], [], '_statistics_', 'column_statistics', false],
    [['sys'], [], 'sys', 'fe_locks', false],
    [['*'], [], 'starrocks_audit_db__', 'starrocks_audit_tbl__', false],
    [['starrocks_audit_db__'], [], 'starrocks_audit_db__', 'starrocks_audit_tbl__', true],
  ])('include %j exclude %j: %s.%s → %s', (include, exclude, database, table, taken) => {
    expect(select({ include, exclude }).includes(database, table)).toBe(taken)
  })

  test('a database of which nothing can be included is not read', () => {
    const selection = select({ include: ['shop.*', 'crm'], exclude: ['crm'] })
    expect(['shop', 'crm', 'other', 'sys'].filter(selection.includesDatabase)).toEqual(['shop'])
  })

  test('a pattern full of stars stays fast', () => {
    const started = performance.now()
    expect(select({ include: [`db.${'*'.repeat(40)}x`] }).includes('db', 'a'.repeat(5000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('what it is called on the target', () => {
  const selection = select({
    include: ['shop', 'old', 'crm'],
    rename: { databases: { shop: 'shop2', old: 'archive' }, tables: { 'crm.leads': 'archive.leads_crm' } },
  })

  test('databases, then single tables', () => {
    expect(selection.target('shop', 'a.b')).toEqual({ database: 'shop2', table: 'a.b' })
    expect(selection.target('crm', 'leads')).toEqual({ database: 'archive', table: 'leads_crm' })
    expect(selection.target('crm', 'calls')).toEqual({ database: 'crm', table: 'calls' })
  })

  test('and back: what would have been copied there', () => {
    expect(selection.sources('shop2', 'orders')).toEqual([{ database: 'shop', table: 'orders' }])
    expect(selection.sources('archive', 'leads_crm')).toEqual([
      { database: 'crm', table: 'leads' },
      { database: 'old', table: 'leads_crm' },
    ])
    // Nothing is copied to these names: they are nobody's business.
    expect(selection.sources('shop', 'orders')).toEqual([])
    expect(selection.sources('crm', 'leads')).toEqual([])
    expect(selection.sources('elsewhere', 't')).toEqual([])
  })

  test('two sources with one target collide', () => {
    const merged = select({ rename: { databases: { a: 'x', b: 'x' } } })
    expect(
      findCollisions(merged, [
        { database: 'a', table: 't' },
        { database: 'b', table: 't' },
        { database: 'x', table: 't' },
        { database: 'b', table: 'u' },
      ]),
    ).toEqual([
      {
        target: { database: 'x', table: 't' },
        sources: [
          { database: 'a', table: 't' },
          { database: 'b', table: 't' },
          { database: 'x', table: 't' },
        ],
      },
    ])
  })

  test('names that differ only in case are found as groups', () => {
    expect(differOnlyInCase(['pa', 'pb', 'pA', 'pa'])).toEqual([['pa', 'pA']])
  })
})
