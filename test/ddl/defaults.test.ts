import { describe, expect, it } from 'vitest'
import { readTable, refusals, writeTable } from '../../starrocks/ddl/index.ts'
import { corpus, descDefaults, type Line, versionOf } from './fixtures.ts'

const target = { version: versionOf('3.5'), runMode: 'shared_nothing' } as const
const source = { database: 'shop', name: 't' }

/** What the corpus was made with; no version prints all of it in the same way. */
const odd = { a: "it's", b: 'back\\slash', c: 'nl\nx', d: '数', g: '1.50', j: '2024-01-01 00:00:00' }

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('defaults of %s', (line: Line) => {
  const text = corpus(line).creates['shop.defaults_odd'] ?? ''
  const literals = (columns: ReturnType<typeof readTable>['columns']) =>
    Object.fromEntries(
      columns.flatMap((c) => (c.default.kind === 'literal' && c.name in odd ? [[c.name, c.default.value]] : [])),
    )

  it('are read exactly with the help of DESC', () => {
    const table = readTable(text, { version: versionOf(line), defaults: descDefaults(line, 'shop.defaults_odd') })
    expect(table.doubts).toEqual([])
    expect(literals(table.columns)).toEqual(odd)
  })

  it('come back from the statement written for the target', () => {
    const table = readTable(text, { version: versionOf(line), defaults: descDefaults(line, 'shop.defaults_odd') })
    const { statements } = writeTable(table, { target, source })
    expect(statements[0]).toContain("DEFAULT 'it''s'")
    expect(statements[0]).toContain("DEFAULT 'back\\\\slash'")
    expect(statements[0]).toContain("DEFAULT 'nl\nx'")
    expect(statements[0]).toContain("DEFAULT '数'")
    expect(literals(readTable(statements[0] ?? '').columns)).toEqual(odd)
  })

  it('that can be read in two ways are refused without DESC, from 3.5 on there are none', () => {
    const table = readTable(text, { version: versionOf(line) })
    const doubtful = table.doubts.map((doubt) => doubt.column)
    expect(doubtful).toEqual(line === '3.1' ? ['b', 'c', 'd'] : line === '3.3' ? ['b'] : [])
    expect(refusals(table, { target }).map((refusal) => refusal.code)).toEqual(doubtful.map(() => 'ambiguous-default'))
  })

  it('with quotes inside are read whether escaped or not', () => {
    const types = corpus(line).creates['shop.dup_types'] ?? ''
    const known = readTable(types, { version: versionOf(line), defaults: descDefaults(line, 'shop.dup_types') })
    const column = known.columns.find((c) => c.name === 'c_vc')
    expect(column?.default).toEqual({ kind: 'literal', value: 'a"b\'c' })
    expect(known.columns.find((c) => c.name === 'c_uuid')?.default).toEqual({ kind: 'expression', text: 'uuid()' })
    expect(known.columns.find((c) => c.name === 'c_dt')?.default).toEqual({ kind: 'now' })
    expect(known.columns.find((c) => c.name === 'c_str')?.default).toEqual({ kind: 'literal', value: '' })
  })
})

describe('a default that imitates what follows it', () => {
  const printed = (value: string) =>
    `CREATE TABLE \`t\` (\n  \`id\` int(11) NULL COMMENT "",\n  \`a\` varchar(90) NULL DEFAULT "${value}" COMMENT "c"\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`)\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 1 `

  it.each(['x" COMMENT "y', '",\n  `b` int(11) NULL COMMENT "', 'a\\', '\\" COMMENT "', '"', '\\u6570', "\\'"])(
    '%j is read from an unescaped text with DESC',
    (value) => {
      const table = readTable(printed(value), { version: versionOf('3.3'), defaults: new Map([['a', value]]) })
      expect(table.doubts).toEqual([])
      expect(
        table.columns.map((c) => [c.name, c.default.kind === 'literal' ? c.default.value : '', c.comment]),
      ).toEqual([
        ['id', '', ''],
        ['a', value, 'c'],
      ])
    },
  )

  it('is a doubt when DESC shows something else', () => {
    const table = readTable(printed('x'), { version: versionOf('3.3'), defaults: new Map([['a', 'y']]) })
    expect(table.doubts).toMatchObject([{ kind: 'default-disagrees', column: 'a' }])
  })

  // What looks like \uXXXX in a value was resolved while it was printed: 3.5 prints \u0041 as \A.
  it('is a doubt where an escape is none', () => {
    const read = (defaults?: ReadonlyMap<string, string>) =>
      readTable(printed('\\A'), { version: versionOf('3.5'), defaults })
    expect(read().doubts).toMatchObject([{ kind: 'ambiguous-default', column: 'a' }])
    expect(refusals(read(), { target }).map(({ code }) => code)).toEqual(['ambiguous-default'])
    expect(read(new Map([['a', '\\u0041']])).doubts).toMatchObject([{ kind: 'default-disagrees', column: 'a' }])
  })

  it.each(['\\\\', '\\"', "\\'", '\\n\\t\\r\\b\\f', '\\/'])('is none after the escapes %s', (value) => {
    expect(readTable(printed(value), { version: versionOf('3.5') }).doubts).toEqual([])
  })
})
