import { describe, expect, it } from 'vitest'
import {
  answerNullQuestion,
  type NullMeaning,
  nullKey,
  nullListQuestion,
  printedNulls,
  readPartitionRow,
  readPruning,
  readTable,
  type Table,
  writePartitions,
} from '../../starrocks/ddl/index.ts'
import { fixture, versionOf } from './fixtures.ts'

interface Entry {
  readonly line: string
  readonly statement: string
  readonly rows?: readonly unknown[]
}
const entries = fixture<Entry[]>('null-list')

function tableOf(line: string, name: string): Table {
  const entry = entries.find((found) => found.line === line && found.statement === `SHOW CREATE TABLE mg_null.${name}`)
  return readTable(String(entry?.rows?.[0]), { version: versionOf(line) })
}

function partitionsOf(line: string, name: string) {
  const table = tableOf(line, name)
  const rows = entries.find(
    (found) => found.line === line && found.statement === `SHOW PARTITIONS FROM mg_null.${name}`,
  )?.rows as [string, string, string][]
  return rows.map(([PartitionName, List, Buckets]) => readPartitionRow(table, { PartitionName, List, Buckets }))
}

/** The recorded answer to a question, whatever it quotes. */
function explained(line: string, statement: string): string[] | undefined {
  const bare = statement.replaceAll('`', '')
  return entries.find((found) => found.line === line && found.statement === bare)?.rows as string[] | undefined
}

/** What the tables were made with: the truth that no printed answer shows. */
const truth: Readonly<Record<string, NullMeaning>> = {
  's.pn': 'null',
  's.ps': 'string',
  'mixed.pn': 'null',
  'mixed.ps': 'string',
  'm.p1': 'null',
  'm.p2': 'string',
  'm.p4': 'null',
  'auto.pNULL': 'string',
  'autosql.pNULL': 'null',
  'autosql.pNULLs': 'string',
}

describe.each(['3.3', '3.5', '4.1'])('%s', (line) => {
  it.each(Object.entries(truth))('%s is %s, by the recorded pruning', (at, meaning) => {
    const [name = '', partitionName] = at.split('.')
    const table = tableOf(line, name)
    const partition = partitionsOf(line, name).find((found) => found.name === partitionName)
    if (!partition) throw new Error(`no partition ${at}`)
    const open = printedNulls(table, partition)
    expect(open.length).toBeGreaterThan(0)
    let answered = 0
    for (const where of open) {
      const question = nullListQuestion(table, { database: 'mg_null', name }, partition, where, versionOf(line))
      if (!question) throw new Error('no question')
      const rows = explained(line, question.statement)
      if (!rows) continue
      expect(answerNullQuestion(question, rows), question.statement).toBe(meaning)
      answered++
    }
    expect(answered).toBeGreaterThan(0)
  })

  it('a printed NULL of a number is NULL: nothing to ask', () => {
    const table = tableOf(line, 'i')
    const [partition] = partitionsOf(line, 'i').filter(({ name }) => name === 'pn')
    if (!partition) throw new Error('no partition')
    expect(printedNulls(table, partition)).toEqual([])
    const target = { version: versionOf('3.5'), runMode: 'shared_nothing' } as const
    const [planned] = writePartitions(table, [partition], {
      target,
      name: { database: 'd', name: 't' },
      tableBuckets: 1,
    })
    expect(planned?.verdict).toEqual({
      how: 'sql',
      statement: "ALTER TABLE `d`.`t` ADD PARTITION `pn` VALUES IN ('1', NULL) DISTRIBUTED BY HASH(`id`) BUCKETS 1",
    })
  })

  it('is the operator’s decision without an answer, and written as answered', () => {
    const table = tableOf(line, 's')
    const partition = partitionsOf(line, 's').find(({ name }) => name === 'pn')
    if (!partition) throw new Error('no partition')
    const options = {
      target: { version: versionOf('3.5'), runMode: 'shared_nothing' },
      name: { database: 'd', name: 't' },
      tableBuckets: 1,
    } as const
    const verdict = (meaning?: NullMeaning) => {
      const nulls = meaning === undefined ? undefined : new Map([[nullKey('pn', 0, 0), meaning]])
      return writePartitions(table, [partition], { ...options, nulls })[0]?.verdict
    }
    expect(verdict()).toMatchObject({ how: 'ask' })
    expect(verdict('null')).toMatchObject({ how: 'sql', statement: expect.stringContaining('VALUES IN (NULL)') })
    expect(verdict('string')).toMatchObject({ how: 'sql', statement: expect.stringContaining("VALUES IN ('NULL')") })
  })
})

describe('readPruning', () => {
  it('answers nothing for a plan without partitions', () => {
    expect(readPruning(['PLAN FRAGMENT 0', '  0:OlapScanNode'])).toBeUndefined()
    expect(readPruning(['     partitions=0/4'])).toBe('pruned')
  })

  it('an expression that gives a time holds NULL, one that gives a string is asked about', () => {
    const table = readTable(
      'CREATE TABLE `t` (`d` datetime NULL COMMENT "", `s` varchar(9) NULL COMMENT "") ENGINE=OLAP PARTITION BY (date_trunc(\'day\', d),substr(s, 1, 1))\nDISTRIBUTED BY HASH(`s`) BUCKETS 1',
    )
    const partition = readPartitionRow(table, { PartitionName: 'p', List: '[["NULL","NULL"]]', Buckets: '1' })
    expect(printedNulls(table, partition)).toEqual([{ tuple: 0, column: 1 }])
    expect(
      nullListQuestion(table, { database: 'd', name: 't' }, partition, { tuple: 0, column: 1 }, versionOf('3.5')),
    ).toBeUndefined()
  })

  it('a column that takes no NULL holds the string', () => {
    const table = readTable(
      'CREATE TABLE `t` (`c` varchar(9) NOT NULL COMMENT "") ENGINE=OLAP PARTITION BY LIST(`c`) ()\nDISTRIBUTED BY HASH(`c`) BUCKETS 1',
    )
    const partition = readPartitionRow(table, { PartitionName: 'p', List: '[["NULL"]]', Buckets: '1' })
    expect(printedNulls(table, partition)).toEqual([])
    const target = { version: versionOf('3.5'), runMode: 'shared_nothing' } as const
    const [planned] = writePartitions(table, [partition], { target, name: { database: 'd', name: 't' } })
    expect(planned?.verdict).toMatchObject({ statement: expect.stringContaining("VALUES IN ('NULL')") })
  })
})
