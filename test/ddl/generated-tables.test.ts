import { expect, it } from 'vitest'
import { readTable, type Table, writeTable } from '../../starrocks/ddl/index.ts'
import { versionOf } from './fixtures.ts'

const ROUNDS = 400
const version = versionOf('3.5')
const target = { version, runMode: 'shared_nothing' } as const

/** What has a meaning of its own in some part of the text, or looks like the text that follows. */
const PARTS = [
  ...'aZ9_ \'"\\\n\r\t,();.-$%=><:@#/nb',
  ...['数', '😀', 'u0041 ', '*/', '--', ' COMMENT "', '",\n  `', '",\n  INDEX ', '\n)'],
]

let seed = 7
function random(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
  return seed % below
}
/** At most so many parts. */
const text = (most: number) => Array.from({ length: random(most) }, () => PARTS[random(PARTS.length)]).join('')

/** As 3.5 prints comments, and defaults. */
const printComment = (value: string) => value.replace(/[\\"]/g, '\\$&')
const CONTROLS: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }
const printDefault = (value: string) => value.replace(/[\\"\n\t\r]/g, (found) => CONTROLS[found] ?? `\\${found}`)

interface Draft {
  columns: { name: string; comment: string; value?: string }[]
  comment: string
}

function draft(): Draft {
  const name = () => text(6).replaceAll('`', '')
  const column = (own: string) => ({ name: own, comment: text(8) })
  // \uXXXX of a value is resolved while it is printed.
  const value = () => text(8).replaceAll('\\u', '')
  return {
    columns: [column('id'), { ...column(`x${name()}`), value: value() }, { ...column(`y${name()}`), value: value() }],
    comment: text(8),
  }
}

function print({ columns, comment }: Draft): string {
  const lines = columns.map(({ name, comment: own, value }) => {
    const none = value === undefined
    return `  \`${name}\` varchar(100) ${none ? 'NOT NULL' : `NULL DEFAULT "${printDefault(value)}"`} COMMENT "${printComment(own)}"`
  })
  const second = `\`${columns[1]?.name}\``
  return `CREATE TABLE \`t\` (\n${lines.join(',\n')}\n) ENGINE=OLAP \nDUPLICATE KEY(\`id\`, ${second})\n${comment === '' ? '' : `COMMENT "${printComment(comment)}"\n`}DISTRIBUTED BY HASH(${second}) BUCKETS 2 \nORDER BY(${second})\nPROPERTIES (\n"replication_num" = "1"\n);`
}

const content = ({ columns, comment, keys, orderBy }: Table) => ({
  columns: columns.map((column) => ({
    name: column.name,
    comment: column.comment,
    value: column.default.kind === 'literal' ? column.default.value : undefined,
  })),
  comment,
  keys: keys?.columns,
  orderBy,
})

it('names, comments and defaults of any text are read as they are, and again from what is written of them', () => {
  for (let round = 0; round < ROUNDS; round++) {
    const made = draft()
    const printed = print(made)
    const [first, second] = made.columns.map(({ name }) => name)
    const expected = {
      columns: made.columns.map(({ name, comment, value }) => ({ name, comment, value })),
      comment: made.comment,
      keys: [first, second],
      orderBy: [second],
    }
    const model = readTable(printed, { version })
    expect(content(model), printed).toEqual(expected)
    const [statement = ''] = writeTable(model, { target, source: { database: 'd', name: 't' } }).statements
    expect(content(readTable(statement, { version })), statement).toEqual(expected)
  }
})
