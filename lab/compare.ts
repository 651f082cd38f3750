import { baseIndex, misplacedRows, scanPartition } from './data/index.ts'
import type { LabDatabase, LabState, LabTable, LabValue } from './model.ts'

/** How the copy of one table differs from its source. */
export interface TableDifference {
  source: string
  target: string
  rowsCompared: number
  /** Rows of the source that the target lacks, and rows of the target that the source lacks. */
  missing: number
  surplus: number
  /** Rows of the target in a bucket where a query by key does not look for them. */
  misplaced: number
  /** Why the rows could not be compared. */
  reason?: string
}

export interface Comparison {
  tables: number
  partitions: number
  rowsCompared: number
  rowsDifferent: number
  /** Only tables that differ. */
  differing: TableDifference[]
}

export interface CompareOptions {
  rename?: (table: { db: string; table: string }) => { db: string; table: string }
  /** `db.table` of the source; all its tables otherwise. */
  tables?: readonly string[]
}

/** Compares all rows of two clusters' tables, partition by partition and column by name, in their states. */
export function compareClusters(
  source: { state: LabState },
  target: { state: LabState },
  options: CompareOptions = {},
): Comparison {
  const total: Comparison = { tables: 0, partitions: 0, rowsCompared: 0, rowsDifferent: 0, differing: [] }
  for (const [db, table] of tablesOf(source.state)) {
    const name = `${db.name}.${table.name}`
    if (options.tables && !options.tables.includes(name)) continue
    const renamed = options.rename?.({ db: db.name, table: table.name }) ?? { db: db.name, table: table.name }
    const copy = target.state.databases.get(renamed.db)?.objects.get(renamed.table)
    const found = compareTable(name, table, `${renamed.db}.${renamed.table}`, copy?.kind === 'table' ? copy : undefined)
    total.tables++
    total.partitions += table.partitions.filter((one) => !one.temporary).length
    addDifference(total, found)
  }
  return total
}

function* tablesOf(state: LabState): Generator<[LabDatabase, LabTable]> {
  for (const db of state.databases.values()) {
    for (const object of db.objects.values()) if (object.kind === 'table') yield [db, object]
  }
}

function addDifference(total: Comparison, found: TableDifference): void {
  total.rowsCompared += found.rowsCompared
  const rows = found.missing + found.surplus + found.misplaced
  if (rows === 0 && found.reason === undefined) return
  total.rowsDifferent += Math.max(rows, 1)
  total.differing.push(found)
}

function compareTable(source: string, table: LabTable, target: string, copy: LabTable | undefined): TableDifference {
  const none = { source, target, rowsCompared: 0, missing: 0, surplus: 0, misplaced: 0 }
  const rows = countRows(table)
  if (!copy) return { ...none, missing: size(rows), reason: 'there is no such table on the target' }
  const columns = baseIndex(table).columns.map((one) => one.name.toLowerCase())
  const copied = baseIndex(copy).columns.map((one) => one.name.toLowerCase())
  const reason =
    columns.join() === copied.join() ? undefined : `columns differ: ${columns.join(', ')} and ${copied.join(', ')}`
  return { ...none, ...compareCounts(rows, countRows(copy)), misplaced: misplacedRows(copy), reason }
}

/** How often each row occurs, with the name of its partition. */
function countRows(table: LabTable): Map<string, number> {
  const counts = new Map<string, number>()
  const { columns } = baseIndex(table)
  const order = columns
    .map((one, i) => ({ name: one.name.toLowerCase(), i }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const partition of table.partitions) {
    if (partition.temporary) continue
    const name = table.partitioning.kind === 'none' ? '' : partition.name
    for (const values of scanPartition(table, partition))
      count(counts, [name, ...order.map(({ i }) => values[i] ?? null)])
  }
  return counts
}

function count(counts: Map<string, number>, row: readonly LabValue[]): void {
  const key = JSON.stringify(row.map((value) => (value === null ? null : String(value))))
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const size = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, one) => sum + one, 0)

function compareCounts(source: ReadonlyMap<string, number>, target: ReadonlyMap<string, number>) {
  let missing = 0
  let surplus = 0
  for (const [row, times] of source) missing += Math.max(0, times - (target.get(row) ?? 0))
  for (const [row, times] of target) surplus += Math.max(0, times - (source.get(row) ?? 0))
  return { rowsCompared: size(source), missing, surplus }
}

/** Runs a statement on a cluster and gives back rows by column name. */
export type QueryFunction = (sql: string) => Promise<Record<string, unknown>[]>

export interface TablePair {
  source: { db: string; table: string }
  target: { db: string; table: string }
}

/** Compares all rows of two clusters as a client sees them: SELECT * of each table on both sides, columns by name. */
export async function compareThroughSql(
  source: QueryFunction,
  target: QueryFunction,
  pairs: readonly TablePair[],
): Promise<Comparison> {
  const total: Comparison = { tables: 0, partitions: 0, rowsCompared: 0, rowsDifferent: 0, differing: [] }
  for (const pair of pairs) {
    const names = { source: `${pair.source.db}.${pair.source.table}`, target: `${pair.target.db}.${pair.target.table}` }
    const none = { ...names, rowsCompared: 0, missing: 0, surplus: 0, misplaced: 0 }
    try {
      const [rows, copied] = await Promise.all([select(source, pair.source), select(target, pair.target)])
      addDifference(total, { ...none, ...compareCounts(rows, copied) })
    } catch (error) {
      addDifference(total, { ...none, reason: error instanceof Error ? error.message : String(error) })
    }
    total.tables++
  }
  return total
}

async function select(query: QueryFunction, table: { db: string; table: string }): Promise<Map<string, number>> {
  const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``
  const counts = new Map<string, number>()
  for (const row of await query(`SELECT * FROM ${quote(table.db)}.${quote(table.table)}`)) {
    const values = Object.entries(row).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    count(
      counts,
      values.map(([name, value]) => `${name.toLowerCase()}=${value === null ? '\0' : String(value)}`),
    )
  }
  return counts
}
