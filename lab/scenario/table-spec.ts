import { randomInt } from '../faults/random.ts'
import type { LabRunMode, LabValue, LabVersion } from '../model.ts'

/** What a scenario must know of the cluster that it is made for. */
export interface ScenarioTarget {
  version: LabVersion
  runMode: LabRunMode
}

/** One table of a scenario: how it is made, and how rows for it come about. */
export interface TableSpec {
  db: string
  name: string
  /** Statement without the leading `CREATE TABLE db.name`. */
  body: string
  /** Statements that follow the creation, before any row. */
  after?: string[]
  /** Columns that rows give; all otherwise. */
  columns?: string[]
  /** The row of a number; equal numbers give equal keys, so a later one is an upsert where the model has it. */
  row: (n: number, random: () => number) => LabValue[]
  rows: number
  /** Release lines that know everything in it. */
  since?: LabVersion
  /** Column of whole numbers by which traffic deletes. */
  deleteBy?: string
  /** Partitions that traffic may truncate, drop and add again: name and the clause that makes it. */
  partitions?: { name: string; clause: string }[]
  /** Traffic may change its schema. */
  alterable?: boolean
}

const ORDER: LabVersion[] = ['3.1', '3.3', '3.5', '4.1']

export function isAtLeast(version: LabVersion, since: LabVersion): boolean {
  return ORDER.indexOf(version) >= ORDER.indexOf(since)
}

/** A name in backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function qualified(table: { db: string; name: string }): string {
  return `${quoteName(table.db)}.${quoteName(table.name)}`
}

/** A value as it is written in a statement. */
export function literal(value: LabValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

const ROWS_A_STATEMENT = 200

export function createStatement(table: TableSpec): string {
  return `CREATE TABLE ${qualified(table)} ${table.body}`
}

/** INSERT statements for the rows numbered from … to (not included). */
export function insertStatements(table: TableSpec, from: number, to: number, random: () => number): string[] {
  const columns = table.columns ? ` (${table.columns.map(quoteName).join(', ')})` : ''
  const statements: string[] = []
  for (let start = from; start < to; start += ROWS_A_STATEMENT) {
    const rows: string[] = []
    for (let n = start; n < Math.min(to, start + ROWS_A_STATEMENT); n++)
      rows.push(`(${table.row(n, random).map(literal).join(', ')})`)
    statements.push(`INSERT INTO ${qualified(table)}${columns} VALUES ${rows.join(', ')}`)
  }
  return statements
}

const WORDS = [
  'red',
  'green',
  'blue',
  'amber',
  "o'brien",
  'a"b',
  'back\\slash',
  '数据',
  '😀',
  'semi;colon',
  '',
  'two words',
  '`tick`',
  '%s {x}',
]

export function word(random: () => number): string {
  return WORDS[randomInt(random, 0, WORDS.length - 1)] ?? ''
}

export function oneOf<T>(items: readonly T[], n: number): T {
  const item = items[n % items.length]
  if (item === undefined) throw new Error('Nothing to choose from')
  return item
}

/** Day number `n` of 2024, wrapping after `days`. */
export function day(n: number, days = 90): string {
  return new Date(Date.UTC(2024, 0, 1 + (n % days))).toISOString().slice(0, 10)
}

/** A time of 2024, `n` hours and some seconds after its beginning. */
export function time(n: number, hours = 24 * 60): string {
  return new Date(Date.UTC(2024, 0, 1, n % hours, n % 60, (n * 7) % 60)).toISOString().slice(0, 19).replace('T', ' ')
}

/** PROPERTIES clause; every table says its number of replicas, as clusters differ in their default. */
export function properties(extra: Record<string, string> = {}): string {
  const all = { replication_num: '1', ...extra }
  return `PROPERTIES (${Object.entries(all)
    .map(([key, value]) => `"${key}" = "${value}"`)
    .join(', ')})`
}
