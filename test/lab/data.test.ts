import { describe, expect, test } from 'vitest'
import {
  compactLake,
  deleteRows,
  evaluate,
  findPartition,
  insertRows,
  normalizeValue,
  parseExpression,
  renewPartition,
  reshapeRows,
  scanRows,
  tableBytes,
  truncate,
} from '../../lab/data/index.ts'
import type { LabColumn, LabTable, LabValue } from '../../lab/model.ts'
import { buildTables } from '../../lab/scenario/bulk.ts'
import { addDatabase, addTable, column, emptyState, physicalOf, type TestTableOptions } from './support/cluster.ts'

function world(options: TestTableOptions = {}) {
  const state = emptyState()
  const db = addDatabase(state, 'db')
  const table = addTable(state, db, 't', options)
  const insert = (rows: (LabValue | undefined)[][], columns?: string[]) => insertRows(state, db, table, columns, rows)
  const rows = () => [...scanRows(table)].sort((a, b) => Number(a[0]) - Number(b[0]))
  return { state, db, table, insert, rows }
}

const key = column('id', 'int(11)', { key: true, nullable: false })

describe('models', () => {
  test('duplicate: every row stays', () => {
    const { insert, rows } = world()
    insert([
      [1, 'a'],
      [1, 'a'],
    ])
    expect(rows()).toEqual([
      [1, 'a'],
      [1, 'a'],
    ])
  })

  test.each(['UNIQUE_KEYS', 'PRIMARY_KEYS'] as const)(
    '%s: the last row of a key stays, and old versions stay readable',
    (keysType) => {
      const { insert, rows, table } = world({ keysType })
      insert([
        [1, 'a'],
        [2, 'b'],
        [1, 'twice in one load'],
      ])
      insert([[1, 'c']])
      expect(rows()).toEqual([
        [1, 'c'],
        [2, 'b'],
      ])
      expect([...scanRows(table, { version: 2n })].map(String).sort()).toEqual(['1,twice in one load', '2,b'])
    },
  )

  test('aggregate: each column by its rule', () => {
    const columns: LabColumn[] = [
      key,
      column('s', 'bigint(20)', { aggregation: 'SUM' }),
      column('d', 'decimal(20, 2)', { aggregation: 'SUM' }),
      column('mn', 'int(11)', { aggregation: 'MIN' }),
      column('mx', 'int(11)', { aggregation: 'MAX' }),
      column('r', 'varchar(10)', { aggregation: 'REPLACE' }),
      column('rn', 'varchar(10)', { aggregation: 'REPLACE_IF_NOT_NULL' }),
    ]
    const { insert, rows } = world({ keysType: 'AGG_KEYS', columns })
    insert([[1, '9007199254740993', '-1.50', 5, 5, 'a', 'x']])
    insert([[1, 1, 0.25, 7, 9, null, null]])
    expect(rows()).toEqual([[1, '9007199254740994', '-1.25', 5, 9, null, 'x']])
  })
})

describe('values', () => {
  test.each<[string, LabValue, LabValue]>([
    ['bigint(20)', 9007199254740993n, '9007199254740993'],
    ['int(11)', '42', 42],
    ['boolean', 'true', 1],
    ['decimal(10, 2)', '1.005', '1.01'],
    ['decimal(38, 0)', '-0', '0'],
    ['date', '20240105', '2024-01-05'],
    ['datetime', '2024-01-05', '2024-01-05 00:00:00'],
    ['datetime', '2024-01-05 01:02:03.5', '2024-01-05 01:02:03.500000'],
    ['varchar(20)', 'täxt', 'täxt'],
  ])('%s holds %s as %s', (type, given, kept) => {
    expect(normalizeValue(type, given)).toBe(kept)
  })

  test('a value that does not fit is refused, and nothing is loaded', () => {
    const { insert, rows, table } = world()
    expect(() =>
      insert([
        [1, 'a'],
        ['no number', 'b'],
      ]),
    ).toThrow('no number')
    expect(rows()).toEqual([])
    expect(physicalOf(table).dataVersion).toBe(1n)
  })

  test('defaults, AUTO_INCREMENT and generated columns are filled in', () => {
    const columns = [
      column('id', 'bigint(20)', { key: true, nullable: false, autoIncrement: true }),
      column('n', 'int(11)', { default: { kind: 'literal', value: '7' } }),
      column('twice', 'bigint(20)', { generated: '`n` * 2' }),
      column('js', 'json'),
      column('a', 'varchar(10)', { generated: "get_json_string(`js`, '$.a')" }),
    ]
    const { insert, rows } = world({ keysType: 'PRIMARY_KEYS', columns })
    insert([['{"a": "x"}'], [null]], ['js'])
    insert([[undefined, 9, '{}']])
    expect(rows()).toEqual([
      ['1', 7, '14', '{"a": "x"}', 'x'],
      ['2', 7, '14', null, null],
      ['3', 9, '18', '{}', null],
    ])
    expect(() => insert([[1]], ['twice'])).toThrow('generated column')
  })

  test.each<[string, LabValue]>([
    ["date_trunc('month', '2024-05-17 10:11:12')", '2024-05-01 00:00:00'],
    ["date_trunc('week', '2024-01-10')", '2024-01-08'],
    ["time_slice('2024-01-10 12:00:00', INTERVAL 7 day)", '2024-01-08 00:00:00'],
    ["time_slice('2024-01-10 03:20:00', INTERVAL 2 HOUR)", '2024-01-10 02:00:00'],
    ["str2date('31/12/2024', '%d/%m/%Y')", '2024-12-31'],
    ['from_unixtime(1704067200)', '2024-01-01 00:00:00'],
    ["substr('héllo', 2, 3)", 'éll'],
    ['9007199254740993 + 1 * 2', '9007199254740995'],
    ["concat('it''s', upper('x'))", "it'sX"],
    ["coalesce(NULL, 'b')", 'b'],
  ])('%s', (text, value) => {
    expect(
      evaluate(parseExpression(text.replace('9007199254740993', "'9007199254740993'")), {
        column: () => null,
        nowMs: 0,
      }),
    ).toBe(value)
  })

  test('what is beyond the evaluator is said, not guessed', () => {
    expect(() => evaluate(parseExpression('array_avg(x)'), { column: () => '[1]', nowMs: 0 })).toThrow('array_avg')
    expect(() => parseExpression('a b')).toThrow('cannot read')
  })
})

describe('partitions', () => {
  const find = (table: LabTable, values: LabValue[]) => findPartition(table, values)?.name

  test('rows find their range; one outside all is refused', () => {
    const { insert, table } = world({ ranges: [10, 20] })
    insert([
      [9, 'a'],
      [10, 'b'],
    ])
    expect(table.partitions.map((one) => [...scanRows(table, { partitions: [one.name] })])).toEqual([
      [[9, 'a']],
      [[10, 'b']],
    ])
    expect(table.partitions.map((one) => one.physical[0]?.dataVersion)).toEqual([2n, 2n])
    expect(() => insert([[20, 'c']])).toThrow('Insert has filtered data')
  })

  test('several columns, MAXVALUE, NULL, dates and lists', () => {
    const { table } = world({ columns: [column('dt', 'date'), column('n', 'int(11)')] })
    const [only] = table.partitions
    if (!only) throw new Error('no partition')
    table.partitioning = { kind: 'range', columns: ['dt', 'n'] }
    table.partitions = [
      { ...only, name: 'a', range: { lower: ['0000-01-01', '-2147483648'], upper: ['2024-01-01', '5'] } },
      { ...only, name: 'b', range: { lower: ['2024-01-01', '5'], upper: 'MAXVALUE' } },
    ]
    expect(find(table, ['2024-01-01', 4])).toBe('a')
    expect(find(table, ['2024-01-01', 5])).toBe('b')
    expect(find(table, [null, 1])).toBe('a')
    table.partitioning = { kind: 'list', columns: ['dt'] }
    table.partitions = [
      { ...only, name: 'nothing', list: [[null]] },
      { ...only, name: 'days', list: [['2024-01-01'], ['2024-01-02']] },
    ]
    expect(find(table, [null])).toBe('nothing')
    expect(find(table, ['2024-01-02'])).toBe('days')
    expect(find(table, ['2024-01-03'])).toBeUndefined()
  })

  test('an automatic table makes the partition that a row needs', () => {
    const { state, db, table } = world({ ranges: [10] })
    const [first] = table.partitions
    if (!first) throw new Error('no partition')
    const asked: LabValue[][] = []
    insertRows(state, db, table, undefined, [[55, 'x']], {
      createPartition: (values) => {
        asked.push(values)
        const made = { ...first, name: 'p55', range: { lower: ['50'], upper: ['60'] }, physical: [...first.physical] }
        table.partitions.push(made)
        renewPartition(state, table, made)
        return made
      },
    })
    expect(asked).toEqual([[55]])
    expect([...scanRows(table, { partitions: ['p55'] })]).toEqual([[55, 'x']])
  })
})

describe('versions', () => {
  test('TRUNCATE gives new ids, a new epoch and version 1; INSERT OVERWRITE version 2; DELETE one more', () => {
    const { state, db, table, insert, rows } = world()
    insert([[1, 'a']])
    const before = { ...physicalOf(table) }
    deleteRows(state, db, table, ([id]) => id === 1)
    expect(physicalOf(table)).toMatchObject({
      id: before.id,
      versionEpoch: before.versionEpoch,
      dataVersion: 3n,
      visibleVersion: 3n,
    })
    truncate(state, table)
    const truncated = { ...physicalOf(table) }
    expect(truncated.dataVersion).toBe(1n)
    expect(truncated.id).not.toBe(before.id)
    expect(truncated.versionEpoch).not.toBe(before.versionEpoch)
    insertRows(state, db, table, undefined, [[7, 'o']], { overwrite: true })
    expect(physicalOf(table)).toMatchObject({ dataVersion: 2n, visibleVersion: 2n })
    expect(physicalOf(table).id).not.toBe(truncated.id)
    expect(rows()).toEqual([[7, 'o']])
    expect(physicalOf(table).tablets.get(table.indexes[0]?.id ?? 0n)?.[0]?.replicas[0]?.version).toBe(2n)
  })

  test('compaction in a shared-data cluster moves the visible version alone', () => {
    const { state, table, insert } = world()
    insert([[1, 'a']])
    compactLake(state, physicalOf(table))
    expect(physicalOf(table)).toMatchObject({ dataVersion: 2n, visibleVersion: 3n })
  })

  test('rows follow a change of columns', () => {
    const { state, table, insert } = world()
    insert([[1, 'a']])
    const added = column('n', 'int(11)', { default: { kind: 'literal', value: '5' } })
    const columns = [key, added, column('renamed', 'varchar(20)')]
    reshapeRows(state, table, columns, new Map([['renamed', 'v']]))
    expect([...scanRows(table)]).toEqual([[1, 5, 'a']])
  })
})

test('ten thousand tables of ten partitions are made in seconds, ids ascending in bucket order', () => {
  const state = emptyState()
  const started = performance.now()
  const db = buildTables(state, { database: 'bulk', tables: 10_000, partitions: 10, version: 3n, bytes: (n) => n })
  // Generous: a machine that is busy with other tests must not fail it.
  expect(performance.now() - started).toBeLessThan(60_000)
  expect(db.objects.size).toBe(10_000)
  const table = db.objects.get('t9998') as LabTable
  expect(tableBytes(table)).toBe(9998 * 10)
  const ids = [...(table.partitions[0]?.physical[0]?.tablets.values() ?? [])].flat().map((one) => one.id)
  expect(ids).toHaveLength(3)
  expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)))
})
