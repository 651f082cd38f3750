import { describe, expect, it } from 'vitest'
import {
  addressMapOf,
  compareVersions,
  isAtLeast,
  mapAddress,
  parseAddressMap,
  parseDataSize,
  parsePercent,
  parseVersion,
  quoteName,
  quoteProperties,
  quoteQualified,
  quoteString,
  replicationLabel,
  resultSet,
} from '../../starrocks/index.ts'
import { isRead, statementKind } from '../../starrocks/session/statement.ts'

/** How StarRocks takes a string literal apart: its lexer's rule, then doubled quotes, then backslashes. */
function readLiteral(sql: string): { value: string; rest: string } {
  const match = /^'((?:\\[\s\S]|''|[^'\\])*)'(?!')/.exec(sql)
  if (!match) throw new Error(`no literal: ${sql}`)
  const joined = (match[1] ?? '').replaceAll("''", "'")
  const value = joined.replace(/\\([\s\S])/g, (_, next: string) => (next === '0' ? '\0' : next === 'n' ? '\n' : next))
  return { value, rest: sql.slice(match[0].length) }
}

const hostile = [
  "x'; DROP TABLE t; --",
  "\\'; DROP TABLE t; --",
  'a\\',
  "a\\\\'",
  "''",
  "'",
  '`',
  '``; DROP TABLE t',
  'a`b``c',
  '数据库 ☃ 🦊',
  'select',
  'a;b',
  '$x',
  'line\nbreak\ttab',
  'nul\0byte',
  'a"b',
  ' spaces ',
  '%_\\_',
  'x'.repeat(64),
]

describe('quoting', () => {
  it.each(hostile)('keeps %j inside its quotes', (name) => {
    const literal = quoteString(name)
    expect(readLiteral(`${literal} rest`)).toEqual({ value: name, rest: ' rest' })
    const identifier = quoteName(name)
    const match = /^`((?:``|[^`])*)`(?!`)/.exec(`${identifier} rest`)
    expect(match?.[1]?.replaceAll('``', '`')).toBe(name)
    expect(match?.[0]).toBe(identifier)
  })

  it('joins', () => {
    expect(quoteQualified('a`b', 'c.d')).toBe('`a``b`.`c.d`')
    expect(
      quoteProperties([
        ['a', "it's"],
        ['b', '\\'],
      ]),
    ).toBe("('a' = 'it''s', 'b' = '\\\\')")
    expect(replicationLabel(12n, 34n, 'j-1')).toBe('REPLICATION_12_34_j-1')
  })
})

describe('address map', () => {
  const text = `# hosts
SOURCE_192.1.1.1=10.1.1.1
SOURCE_fe-0.Svc.local=10.1.1.2;9030:19030,8030:18030
! also a comment

TARGET_192.1.1.1 = 10.9.9.9`

  it('maps hosts and ports of its own side', () => {
    const source = parseAddressMap(text, 'SOURCE')
    expect(mapAddress(source, '192.1.1.1', 9030)).toEqual({ host: '10.1.1.1', port: 9030 })
    expect(mapAddress(source, 'FE-0.svc.local.', 9030)).toEqual({ host: '10.1.1.2', port: 19030 })
    expect(mapAddress(source, 'fe-0.svc.local', 9020)).toEqual({ host: '10.1.1.2', port: 9020 })
    expect(mapAddress(source, '192.1.1.9', 1)).toEqual({ host: '192.1.1.9', port: 1 })
    expect(mapAddress(parseAddressMap(text, 'TARGET'), '192.1.1.1', 1)).toEqual({ host: '10.9.9.9', port: 1 })
    expect(mapAddress(undefined, 'h', 2)).toEqual({ host: 'h', port: 2 })
  })

  it.each([
    'SOURCE_a',
    'a=b',
    'SOURCE_a=',
    'SOURCE_a=b;x',
    'SOURCE_a=b;1:70000',
    'SOURCE_a=b;1:2,1:3',
    'SOURCE_a=b;1:2;3:4',
    'SOURCE_a=b\nSOURCE_A=c',
  ])('refuses %j, naming the line', (line) => {
    expect(() => parseAddressMap(line, 'SOURCE')).toThrow(/line \d/)
  })

  it('comes from a configuration too', () => {
    expect(mapAddress(addressMapOf({ a: 'b;1:2' }), 'A', 1)).toEqual({ host: 'b', port: 2 })
    expect(() => addressMapOf({ a: 'b;0:2' })).toThrow(/0:2/)
  })
})

describe('sizes and percentages', () => {
  it.each([
    ['0B', 0n],
    ['195.3KB', 199987n],
    ['1.144 MB', 1199571n],
    ['123.456 GB', 132559870624n],
    ['8388608.000 TB', 8388608n << 40n],
    ['1PB', 1n << 50n],
    ['9007199254740993', 9007199254740993n],
    ['0.000 B', 0n],
    ['-1.5KB', -1536n],
  ])('%s', (text, bytes) => expect(parseDataSize(text)).toBe(bytes))

  it('rounds small and large ones alike', () => {
    for (const text of [
      '0.5B',
      '0.4999B',
      '1.5B',
      '2.5B',
      '0.05KB',
      '1023.99TB',
      '4.0PB',
      '3.9PB',
      '0.000000000000001EB',
    ]) {
      const [, whole = '', fraction = '', unit = ''] = /^(\d+)(?:\.(\d+))?(\w+)$/.exec(text) ?? []
      const size = 1n << (10n * BigInt('BKMGTPE'.indexOf(unit.charAt(0))))
      const scale = 10n ** BigInt(fraction.length)
      expect(parseDataSize(text), text).toBe((BigInt(whole + fraction) * size + scale / 2n) / scale)
    }
  })

  it('leaves what is no size', () => {
    for (const text of ['', 'N/A', null, undefined, '1.2.3GB', 'GB']) expect(parseDataSize(text)).toBeUndefined()
    expect(parsePercent('12.34 %')).toBe(12.34)
    expect(parsePercent('0.0 %')).toBe(0)
    expect(parsePercent('N/A')).toBeUndefined()
  })
})

describe('versions', () => {
  it.each([
    ['3.3.3-d0db2c0', 3, 3, 3],
    ['2.5.12 9b9ac51', 2, 5, 12],
    ['3.5-d6ff11f-d6ff11f', 3, 5, Number.POSITIVE_INFINITY],
    ['MAIN-RELEASE 5cd95e7', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['main-44a1678', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('%s', (text, major, minor, patch) => expect(parseVersion(text)).toMatchObject({ major, minor, patch }))

  it('compares', () => {
    expect(isAtLeast(parseVersion('3.3.10'), 3, 3, 9)).toBe(true)
    expect(isAtLeast(parseVersion('3.3.2'), 3, 3, 10)).toBe(false)
    expect(isAtLeast(parseVersion('main-1'), 4, 1)).toBe(true)
    expect(compareVersions(parseVersion('main-1'), parseVersion('MAIN-RELEASE x'))).toBe(0)
  })
})

describe('rows', () => {
  const row = resultSet(['PartitionId', 'Name', 'Empty', 'Name'], [['455850751355256833', 'a', '', 'b']]).rows[0]

  it('are read by name without regard to case, 64-bit exact', () => {
    expect(row?.bigint('partitionid')).toBe(455850751355256833n)
    expect(row?.get('NAME')).toBe('a')
    expect(row?.optionalBigint('empty')).toBeUndefined()
    expect(row?.text('missing')).toBeUndefined()
    expect(row?.has('missing')).toBe(false)
  })

  it('say what they lack', () => {
    expect(() => row?.required('DataVersion')).toThrow(/no column DataVersion.*PartitionId, Name/)
    expect(() => row?.bigint('Name')).toThrow(/whole number, not a/)
    expect(() => row?.int('PartitionId')).toThrow(/whole number/)
  })
})

describe('statements', () => {
  it.each([
    ["SHOW PROC '/dbs/1'", 'SHOW PROC', true],
    ['show partitions from `secret`.`t`', 'SHOW PARTITIONS', true],
    ['SHOW TEMPORARY PARTITIONS FROM a.b', 'SHOW TEMPORARY PARTITIONS', true],
    ['SELECT password FROM t', 'SELECT', true],
    ['/* hint */ SELECT 1', 'SELECT', true],
    ['-- x\nDESC t', 'DESC', true],
    ['EXPLAIN ANALYZE INSERT INTO t SELECT 1', 'EXPLAIN', false],
    ['ADMIN SHOW FRONTEND CONFIG', 'ADMIN SHOW FRONTEND', true],
    ["ADMIN SET FRONTEND CONFIG ('a' = 'b')", 'ADMIN SET FRONTEND', false],
    ['CREATE TABLE secret (a INT)', 'CREATE TABLE', false],
    ['ALTER TABLE secret ADD', 'ALTER TABLE', false],
    ['TRUNCATE TABLE secret', 'TRUNCATE TABLE', false],
    ['INSERT INTO secret VALUES (1)', 'INSERT', false],
    ['SET ROLE ALL', 'SET ROLE', false],
  ])('%s', (sql, kind, read) => {
    expect(statementKind(sql)).toBe(kind)
    expect(isRead(sql)).toBe(read)
  })

  it('never tells names', () => {
    for (const sql of [
      'DROP DATABASE secret',
      'USE secret',
      'GRANT secret TO x',
      'DROP TABLE IF EXISTS secret',
      'CREATE DATABASE IF NOT EXISTS secret',
      'CREATE MATERIALIZED VIEW secret AS SELECT 1',
      'ALTER DATABASE secret SET',
      'SHOW CREATE TABLE secret',
      'SHOW ALTER TABLE COLUMN FROM secret',
      'SHOW MATERIALIZED VIEWS FROM secret',
      'DELETE FROM secret',
      'CREATE USER secret',
      'REFRESH secret x',
      'KILL secret',
      'SHOW DATA FROM secret',
      'SHOW INDEX FROM secret',
      'SHOW TRANSACTION FROM secret',
      'DESC secret',
      'DESC STORAGE VOLUME secret',
    ]) {
      expect(statementKind(sql), sql).not.toMatch(/secret/i)
    }
  })
})
