import { expect, test } from 'vitest'
import { backupRecordSchema } from '../../contract/backup/record.ts'
import { readRecord } from '../../planning/backup/read-record.ts'

const table = {
  id: '10',
  partitioning: 'range',
  fingerprint: 'f',
  ddl: 'CREATE TABLE …',
  partitions: { p1: { physical: [['11', '2']], at: 0, other: 'is left out' } },
  other: 'is left out',
}

const record = (tables: unknown) => ({
  format: 1,
  id: 'sf_shop_1',
  repository: 'vault',
  cluster: 'east',
  database: 'shop',
  name: 'nightly',
  set: 's',
  kind: 'full',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
  version: '3.5.4',
  labels: [{ label: 'sf_shop_1', timestamp: '2026-01-01-00-00-30-000' }],
  own: 1,
  tables,
  materializedViews: {},
  views: {},
  functions: {},
  notIncluded: [],
})

test('table by table it is what the schema makes of the whole', () => {
  const tables = { orders: table, people: { ...table, whole: [0], partial: true } }
  expect(readRecord(structuredClone(record(tables)))).toEqual(backupRecordSchema.parse(record(tables)))
})

test.each([
  [undefined],
  [null],
  [[]],
  ['none'],
  [{ orders: { ...table, id: 'ten' } }],
  [{ orders: table, people: { ...table, partitions: { p1: { physical: [['11', '2']], at: -1 } } } }],
  [{ orders: null }],
])('what is none is told in the same words: %j', (tables) => {
  const message = backupRecordSchema.safeParse(record(tables)).error?.issues[0]?.message
  expect(message).toBeTypeOf('string')
  expect(() => readRecord(record(tables))).toThrow(
    expect.objectContaining({ issues: expect.arrayContaining([expect.objectContaining({ message })]) }),
  )
})

test('a table of any name is kept', () => {
  const tables = JSON.parse(JSON.stringify({ x: table }).replace('"x"', '"__proto__"'))
  expect(Object.keys(readRecord(record(tables)).tables)).toEqual(['__proto__'])
})
