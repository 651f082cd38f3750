import { describe, expect, test } from 'vitest'
import { migrationSpecSchema } from '../../contract/migration-spec.ts'
import { createSelection } from '../../planning/selection.ts'
import { specForTable } from '../../planning/spec-for-table.ts'

const LONG = Array.from({ length: 500 }, (_, i) => `app.table_${i}`)
const spec = (part: Record<string, unknown>) =>
  migrationSpecSchema.parse({ name: 'm', source: 'a', target: 'b', include: LONG, ...part })

describe('the spec of one table’s workflow', () => {
  test('a short one is the whole', () => {
    const short = spec({ include: ['app'], exclude: ['app.tmp'] })
    expect(specForTable(short, 'app.t')).toEqual(short)
  })

  test('a long one is cut, and knows no table that the whole does not select', () => {
    const cut = specForTable(
      spec({ include: [...LONG, 'a.t'], rename: { databases: { a: 'x' }, tables: { 'a.u': 'x.w' } } }),
      'a.t',
    )
    expect(JSON.stringify(cut).length).toBeLessThan(1_000)
    const selection = createSelection(cut)
    expect(selection.sources('x', 't')).toEqual([{ database: 'a', table: 't' }])
    expect(selection.target('a', 't')).toEqual({ database: 'x', table: 't' })
    expect(['a', 'x', 'app'].filter(selection.includesDatabase)).toEqual(['a'])
  })

  test.each([
    'app.t*',
    'app.a?b',
    'app.x[1]',
    'app.[',
    'app.a.b[!c]*',
    'app.{open',
    'starrocks_audit_db__.log',
    'a[*.t',
  ])('selects %s, and no other', (table) => {
    const { include } = specForTable(spec({}), table)
    expect(include).toHaveLength(1)
    const { includes } = createSelection(specForTable(spec({}), table))
    const [database = '', ...name] = table.split('.')
    expect(includes(database, name.join('.'))).toBe(true)
    for (const other of ['t', 'tx', 'axb', 'x1', 'a', 'a.bd']) expect(includes(database, `${other}x`)).toBe(false)
  })

  test('is not cut for a name that no pattern means alone', () => {
    const long = spec({})
    expect(specForTable(long, 'app.a{b,c}')).toEqual(long)
    expect(specForTable(long, 'app.{}')).toEqual(long)
  })
})
