import { describe, expect, it } from 'vitest'
import {
  canonicalDataType,
  DdlReadError,
  quoteColumns,
  readCreate,
  readDataType,
  readListText,
  readRangeText,
  readTable,
  refusals,
  type Table,
  writeDataType,
  writeTable,
} from '../../starrocks/ddl/index.ts'
import { corpus, type Line, lines, objectsOf, readObject, versionOf } from './fixtures.ts'

const target = { version: versionOf('3.5'), runMode: 'shared_nothing' } as const

function columnsOf(body: string, tail = ''): Table {
  return readTable(
    `CREATE TABLE \`t\` (\n${body}\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`)\n${tail}DISTRIBUTED BY HASH(\`id\`) BUCKETS 1 \nPROPERTIES (\n"replication_num" = "1"\n);`,
  )
}

describe('types', () => {
  it.each(lines)('%s: SHOW CREATE and DESC tell the same types', (line: Line) => {
    let compared = 0
    for (const object of objectsOf(line)) {
      const model = readObject(line, object)
      if (model.kind !== 'table') continue
      const desc = new Map(corpus(line).desc[object]?.map(([name, type]) => [name, type]))
      for (const column of model.columns) {
        const type = desc.get(column.name)
        // DESC shortens nested types of some versions to their kind.
        if (type === undefined || column.type.kind !== 'scalar') continue
        expect
          .soft(canonicalDataType(readDataType(type)), `${object}.${column.name}`)
          .toBe(canonicalDataType(column.type))
        compared++
      }
    }
    expect(compared).toBeGreaterThan(150)
  })

  it.each([
    ['ARRAY<DECIMAL64(10,2)>', 'array<decimal(10, 2)>', true],
    ['array<decimal128(10,2)>', 'array<decimal(10, 2)>', false],
    ['varbinary', 'varbinary(1048576)', true],
    ['varbinary(10)', 'varbinary(1048576)', false],
    ['int(11)', 'INT', true],
    ['bigint(20)', 'int', false],
    ['varchar(65533)', 'varchar(1048576)', false],
    ['decimal(10, 2)', 'DECIMAL(10,2)', true],
    ['decimal(10,2)', 'decimal(10,3)', false],
    ['struct<a int(11), b map<int(11),varchar(5)>>', 'struct<`a` int, `b` map<int,varchar(5)>>', true],
    ['struct<a int, b int>', 'struct<b int, a int>', false],
    ['json', 'varchar(65533)', false],
  ])('%s and %s: the same %s', (a, b, same) => {
    expect(canonicalDataType(readDataType(a)) === canonicalDataType(readDataType(b))).toBe(same)
  })

  it('struct fields that are reserved words are printed bare and written quoted', () => {
    const table = columnsOf(
      '  `id` int(11) NULL COMMENT "",\n  `s` struct<select int(11), from struct<group array<varchar(10)>>> NULL COMMENT "x"',
    )
    expect(writeDataType(table.columns[1]?.type ?? readDataType('int'))).toBe(
      'struct<`select` int, `from` struct<`group` array<varchar(10)>>>',
    )
    expect(table.columns[1]?.comment).toBe('x')
  })
})

describe('odd texts', () => {
  it('comments keep quotes, backslashes, line ends and Unicode', () => {
    const table = readObject('3.5', 'shop.comments') as Table
    expect(table.comment).toBe('it\'s "quoted" \\ and 表\nsecond line')
    expect(table.columns.map((column) => column.comment)).toEqual([
      "single ' quote",
      'double " quote',
      'back\\slash',
      'new\nline',
      'tab\tescape',
      '数据 😀',
      'semi; -- dash /* c */',
      'bs end\\',
      '\\n literal',
      '`tick` %s {x}',
    ])
  })

  it('index comments are printed without escapes, with quotes inside', () => {
    const table = columnsOf(
      "  `id` int(11) NULL COMMENT \"\",\n  INDEX a (`id`) USING BITMAP COMMENT 'x', 'y',\n  INDEX b (`id`) USING BITMAP COMMENT 'it's'",
    )
    expect(table.indexes.map(({ name, comment }) => [name, comment])).toEqual([
      ['a', "x', 'y"],
      ['b', "it's"],
    ])
  })

  it('partition names are printed bare, reserved words too', () => {
    const table = readObject('3.5', 'shop.part_name0') as Table
    expect(table.partitions.map(({ name }) => name)).toEqual(['select'])
  })

  it('(MAXVALUEMAXVALUE) is two open ends', () => {
    const table = columnsOf(
      '  `id` int(11) NULL COMMENT "",\n  `b` date NULL COMMENT ""',
      'PARTITION BY RANGE(`id`, `b`)\n(PARTITION p1 VALUES [("1", "0000-01-01"), ("10", "2024-01-01")),\nPARTITION pm VALUES [("10", "2024-01-01"), (MAXVALUEMAXVALUE)))\n',
    )
    expect(table.partitions[1]?.values).toMatchObject({ kind: 'range', upper: [{ kind: 'max' }, { kind: 'max' }] })
    expect(table.distribution).toMatchObject({ buckets: 1 })
  })

  it('list values are printed without escapes', () => {
    for (const line of ['3.1', '3.3', '3.5', '4.1'] as const) {
      const table = readObject(line, 'shop.list_one') as Table
      const values = new Map(
        table.partitions.map(({ name, values }) => [name, values.kind === 'list' ? values.tuples : []]),
      )
      expect(values.get('pb')).toEqual([["o'brien"], ['a"b']])
      expect(values.get('pa')).toEqual([['beijing'], ['shanghai']])
    }
  })

  it.each([
    ["('a', 'b')", 1, [['a'], ['b']]],
    ["(('a'))", 1, [['a']]],
    ["(('it's'))", 1, [["it's"]]],
    ["('')", 1, [['']]],
    ["(' x, y')", 1, [[' x, y']]],
    [
      "(('x', 'NULL'), ('NULL', '2'))",
      2,
      [
        ['x', 'NULL'],
        ['NULL', '2'],
      ],
    ],
    ['[["it\\u0027s","a"]]', 2, [["it's", 'a']]],
    ['[["new\\nline"],["tab\\tx"]]', 1, [['new\nline'], ['tab\tx']]],
  ])('List text %s', (text, columns, tuples) => {
    expect(readListText(text, columns)).toEqual({ kind: 'list', tuples })
  })

  it.each([
    ["(('a', 'b', 'c'))", 2],
    ['[["a"]]', 2],
    ['nothing', 1],
    ['[1]', 1],
    ['[["a"', 1],
  ])('List text %s of %i columns is refused', (text, columns) => {
    expect(() => readListText(text, columns)).toThrow(DdlReadError)
  })

  it('Range text is read, and nothing else', () => {
    expect(
      readRangeText('[types: [INT, DATE]; keys: [1, 0000-01-01]; ..types: [INT, DATE]; keys: [MAXVALUE, MAXVALUE]; )'),
    ).toEqual({
      kind: 'range',
      lower: [
        { kind: 'value', text: '1' },
        { kind: 'value', text: '0000-01-01' },
      ],
      upper: [{ kind: 'max' }, { kind: 'max' }],
    })
    expect(() => readRangeText('[["a"]]')).toThrow(DdlReadError)
  })
})

describe('hostile names', () => {
  const names = [
    'a`b',
    '"; DROP TABLE x; --',
    "it's",
    'order',
    '数据',
    'a b.c',
    '$x',
    '\\',
    ')',
    'COMMENT "',
    '/* */',
    `x${'y'.repeat(63)}`,
  ]

  it.each(names)('%j stays a name', (name) => {
    const quoted = `\`${name.replaceAll('`', '``')}\``
    const model = columnsOf(`  \`id\` int(11) NULL COMMENT "",\n  ${quoted} int(11) NULL COMMENT ""`)
    expect(model.columns[1]?.name).toBe(name)
    const { statements } = writeTable(
      { ...model, comment: name, properties: { replication_num: "1'" } },
      { target, source: { database: name, name }, rename: () => ({ database: name, name }) },
    )
    const again = readTable(statements[0] ?? '')
    expect(again.name).toBe(name)
    expect(again.columns.map((column) => column.name)).toEqual(['id', name])
    expect(again.comment).toBe(name)
    expect(again.properties).toEqual({ replication_num: "1'" })
  })

  it('reserved words in generated expressions are quoted, keywords of the expression are not', () => {
    expect(
      quoteColumns("get_json_string(select, '$.select') + year(`order`) + t.order", ['select', 'order', 'year']),
    ).toBe("get_json_string(`select`, '$.select') + year(`order`) + t.order")
    expect(quoteColumns('CASE WHEN key > 1 THEN case_id END', ['key', 'case_id', 'end'])).toBe(
      'CASE WHEN `key` > 1 THEN case_id END',
    )
  })

  it('a column that is printed bare in an expression and needs quotes is a doubt', () => {
    const model = columnsOf(
      '  `id` int(11) NULL COMMENT "",\n  `a-b` int(11) NULL COMMENT "",\n  `g` int(11) NULL AS a-b + 1 COMMENT ""',
    )
    expect(model.doubts).toMatchObject([{ kind: 'unquoted-generated-column', column: 'g' }])
    const quoted = columnsOf(
      '  `id` int(11) NULL COMMENT "",\n  `a-b` int(11) NULL COMMENT "",\n  `g` int(11) NULL AS `a-b` + 1 COMMENT ""',
    )
    expect(quoted.doubts).toEqual([])
  })

  it('a column that is called by a number is no part of other numbers', () => {
    const generated = (expression: string) =>
      columnsOf(
        `  \`id\` int(11) NULL COMMENT "",\n  \`1\` int(11) NULL COMMENT "",\n  \`g\` bigint(20) NULL AS ${expression} COMMENT ""`,
      )
    expect(generated('id + 10').doubts).toEqual([])
    expect(refusals(generated('id + 10'), { target })).toEqual([])
    expect(generated('id + 1').doubts).toMatchObject([{ kind: 'unquoted-generated-column', column: 'g' }])
  })
})

describe('what is no SHOW CREATE text', () => {
  it.each([
    '',
    'SELECT 1',
    'CREATE TABLE',
    'CREATE TABLE `t` (',
    'CREATE TABLE `t` (\n  `a` int(11) NULL COMMENT "',
    'CREATE TABLE `t` (\n  `a` int(11) NULL COMMENT ""\n) ENGINE=OLAP \nSOMETHING NEW',
    'CREATE TABLE `t` (\n  `a` int(11) NULL DEFAULT "x',
    'CREATE VIEW `v` (`a`) AS',
    'CREATE MATERIALIZED VIEW `m` (`a`)\nREFRESH SOMEHOW',
  ])('%j is an error or an empty query, never a guess', (text) => {
    if (text.startsWith('CREATE VIEW')) expect(readCreate(text)).toMatchObject({ query: '' })
    else expect(() => readCreate(text)).toThrow(DdlReadError)
  })

  it('an error says where', () => {
    const text = 'CREATE TABLE `t` (\n  `a` int(11) NULL COMMENT ""\n) ENGINE=OLAP \nSOMETHING NEW'
    expect(() => readTable(text)).toThrow(/unknown clause of CREATE TABLE at character \d+, near "SOMETHING NEW"/)
  })
})
