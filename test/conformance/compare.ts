import type { LabCluster, LabResult } from '../../lab/index.ts'
import { LabSqlError } from '../../lab/index.ts'
import { isNeutral, isUnordered, neutralText } from './neutral.ts'

/** One recorded statement and what a real frontend answered to it. */
export interface RecordedEntry {
  /** The statement. */
  s: string
  /** User, when it is not root. */
  u?: string
  /** Errno, SQL state, message; the first two are null where only the message is known. */
  e?: [number | null, string | null, string]
  /** Column names: which of the recording's lists. */
  c?: number
  /** Rows, at most the first few. */
  r?: (string | null)[][]
  /** Number of rows, where not all were kept. */
  n?: number
  /** Table that a PROC path leads through. */
  o?: string
  /** Name, Range or List, and buckets of each partition. */
  p?: [string, string, string][]
}

/** Ids of the recorded cluster and what they are in the lab, learned from answers that name the same things. */
export type IdMap = Map<string, string>

/** The ids of a path's database and table, where the recording tells which table it is. */
const learnPath = (lab: LabCluster, entry: RecordedEntry, ids: IdMap): void => {
  const [db = '', name = ''] = entry.o?.split('.') ?? []
  const path = /^SHOW PROC '\/dbs\/(\d+)\/(\d+)/.exec(entry.s)
  const database = lab.state.databases.get(db)
  const table = database?.objects.get(name)
  if (!path || !database || !table) return
  ids.set(path[1] ?? '', String(database.id))
  ids.set(path[2] ?? '', String(table.id))
}

const translate = (sql: string, ids: IdMap): string =>
  /SHOW PROC '\/(dbs|transactions)/.test(sql) ? sql.replace(/(?<=\/)\d{4,}/g, (id) => ids.get(id) ?? id) : sql

const back = (text: string, ids: IdMap): string => {
  let out = text
  for (const [recorded, own] of ids) if (out.includes(own)) out = out.replaceAll(own, recorded)
  return out
}

/** Refusals name ids in brackets. */
const withoutIds = (text: string): string => text.replace(/\[\d{4,}\]/g, '[ID]')

/** Runs a recorded statement on the lab. Answers what differs, or undefined. */
export const compareEntry = (
  lab: LabCluster,
  entry: RecordedEntry,
  columns: string[],
  ids: IdMap,
): string | undefined => {
  learnPath(lab, entry, ids)
  const sql = translate(entry.s, ids)
  let result: LabResult | undefined
  let error: LabSqlError | undefined
  try {
    result = lab.execute(sql, entry.u)
  } catch (thrown) {
    if (!(thrown instanceof LabSqlError))
      return `the lab broke: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`
    error = thrown
  }
  if (entry.e) {
    if (!error) return `should be refused: ${entry.e[2]}`
    const [errno, state, message] = entry.e
    const own = back(error.message, sql === entry.s ? new Map() : ids)
    if (withoutIds(own) !== withoutIds(message)) return `says\n      ${own}\n    instead of\n      ${message}`
    if (errno !== null && error.errno !== errno) return `errno ${error.errno} instead of ${errno} (${message})`
    if (state !== null && error.sqlState !== state) return `SQL state ${error.sqlState} instead of ${state}`
    return undefined
  }
  // The recorded backends took rows that no partition holds.
  if (error && /^INSERT/.test(entry.s) && error.message.endsWith('Insert has filtered data')) return undefined
  if (error) return `is refused: ${error.message}`
  if (!result) return 'gave nothing'
  if (entry.p) return comparePartitions(result, entry.p)
  return entry.c === undefined ? undefined : compareRows(entry, columns[entry.c]?.split('|') ?? [], result, ids)
}

const comparePartitions = (result: LabResult, expected: [string, string, string][]): string | undefined => {
  const at = (name: string): number => result.columns.findIndex((c) => c.name === name)
  const value = Math.max(at('Range'), at('List'))
  const own = result.rows.map((r) => [r[at('PartitionName')], r[value], r[at('Buckets')]].join(' | ')).sort()
  const theirs = expected.map((p) => p.join(' | ')).sort()
  return own.join('\n') === theirs.join('\n')
    ? undefined
    : `has partitions\n      ${own.join('\n      ')}\n    instead of\n      ${theirs.join('\n      ')}`
}

const compareRows = (entry: RecordedEntry, columns: string[], result: LabResult, ids: IdMap): string | undefined => {
  const own = result.columns.map((c) => c.name)
  if (own.join('|') !== columns.join('|')) return `has columns ${own.join('|')}\n    instead of ${columns.join('|')}`
  const recorded = entry.r ?? []
  if (/^EXPLAIN/i.test(entry.s)) {
    // Only the lines that tell what is read were kept.
    const lines = result.rows.map((r) => (r[0] ?? '').trim())
    const missing = recorded
      .map((r) => (r[0] ?? '').trim())
      .filter((line) => /^(partitions=|\d+:EMPTYSET)/.test(line) && !lines.includes(line))
    return missing.length === 0
      ? undefined
      : `plan lacks ${missing.join(', ')}: ${lines.filter((l) => /partitions=|EMPTY/.test(l)).join(', ')}`
  }
  const count = entry.n ?? recorded.length
  const listsOthers = /^SHOW (PROC '\/dbs\/?'|DATABASES|PROC '\/transactions)|FRONTEND CONFIG|VARIABLES/
  if (result.rows.length !== count && !listsOthers.test(entry.s))
    return `has ${result.rows.length} rows instead of ${count}: ${JSON.stringify(result.rows.slice(0, 3))} instead of ${JSON.stringify(recorded.slice(0, 3))}`
  return matchRows(entry.s, columns, recorded, result.rows, ids)
}

const keyOf = (statement: string, columns: string[], row: (string | null)[]): string =>
  JSON.stringify(row.map((cell, i) => (isNeutral(columns[i] ?? '') ? '*' : neutralText(statement, cell))))

const matchRows = (
  statement: string,
  columns: string[],
  recorded: (string | null)[][],
  rows: (string | null)[][],
  ids: IdMap,
): string | undefined => {
  const open = rows.map((row) => ({ row, key: keyOf(statement, columns, row) }))
  const subset = /^SHOW (PROC '\/(dbs|transactions)\/?'|DATABASES)|FRONTEND CONFIG|VARIABLES/.test(statement)
  for (const [i, row] of recorded.entries()) {
    if (subset && (isSystemRow(row) || !rows.some((own) => own[0] === row[0] || own[1] === row[1]))) continue
    const key = keyOf(statement, columns, row)
    const found =
      isUnordered(statement) || subset ? open.findIndex((o) => o.key === key) : open[i]?.key === key ? i : -1
    if (found < 0) {
      const close = isUnordered(statement) || subset ? (open.find((o) => o.row[1] === row[1]) ?? open[0]) : open[i]
      return `row ${i} is\n      ${close?.key}\n    instead of\n      ${key}`
    }
    learn(columns, row, open[found]?.row ?? [], ids)
    if (isUnordered(statement) || subset) open.splice(found, 1)
  }
  return undefined
}

/** Databases and settings of the recorded cluster that the lab does not have. */
const isSystemRow = (row: (string | null)[]): boolean =>
  ['_statistics_', 'information_schema', 'sys'].includes(row[0] ?? '') ||
  ['_statistics_', 'information_schema', 'sys'].includes(row[1] ?? '')

const learn = (columns: string[], recorded: (string | null)[], own: (string | null)[], ids: IdMap): void => {
  columns.forEach((column, i) => {
    const from = recorded[i]
    const to = own[i]
    if (/Id$/.test(column) && from && to && /^\d{4,}$/.test(from) && /^\d+$/.test(to)) ids.set(from, to)
  })
}
