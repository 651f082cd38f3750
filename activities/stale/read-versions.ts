import type { SourceVersion, TargetVersion } from '../../planning/partition-verdict.ts'
import {
  partitionsMetaBatches,
  partitionsOfTables,
  type StarRocksCluster,
  StarRocksError,
} from '../../starrocks/index.ts'

/** What a look needs of a partition. */
export interface PartitionVersions extends SourceVersion, Omit<TargetVersion, 'id'> {
  database: string
  table: string
  name: string
  dataSizeBytes: bigint
}

export interface ReadVersionsOptions {
  signal?: AbortSignal
  /** Reads all tables that the answer leaves out, instead of some in each look. */
  whole?: boolean
  /** Told when more than a few tables are read one by one. */
  onSlow?: () => void
  /** Told of rows whose table is in none of the listings. */
  onUnknown?: (database: string, table: string) => void
  /** Told of tables that have partitions and were not read: the answer had none of them. */
  onUnread?: (database: string, table: string, partitions: number) => void
}

/** By database and name; the number of partitions where a listing tells it. */
export type Selected = ReadonlyMap<string, ReadonlyMap<string, { partitionCount: number } | undefined>>

/** After the fast path failed it is not tried again for so long. */
const SLOW_MS = 60_000
/** Tables without a row, of those read one by one in each look. */
const MOST_ONE_BY_ONE = 20

const slowUntil = new WeakMap<StarRocksCluster, number>()
/** Where the reading one by one went on to. */
const turns = new WeakMap<StarRocksCluster, number>()

/** What a look does without. */
const WITHOUT = ['VISIBLE_VERSION_TIME', 'BUCKETS', 'ROW_COUNT'] as const

/**
 * Versions of all partitions of these tables, many at a time: with one query where a backend answers it, else by SHOW PARTITIONS table by table, four at a
 * time. Partitions of one table come together only on the slow path. An answer that leaves tables out – rows are filtered by privileges, and a
 * backend may be only half there – is made up for table by table, some in each look unless all are asked for.
 */
export async function* readVersions(
  cluster: StarRocksCluster,
  selected: Selected,
  { signal, whole, onSlow, onUnknown, onUnread }: ReadVersionsOptions = {},
): AsyncGenerator<PartitionVersions[]> {
  if (selected.size === 0) return
  let yielded = false
  if ((slowUntil.get(cluster) ?? 0) < Date.now()) {
    try {
      const many = selected.size > 50
      const databases = many ? undefined : [...selected.keys()]
      const answered = new Map([...selected.keys()].map((database) => [database, new Set<string>()]))
      for await (const rows of partitionsMetaBatches(cluster, { databases, signal, without: WITHOUT })) {
        const wanted: PartitionVersions[] = []
        // Rows of a table mostly come together.
        let last: PartitionVersions | undefined
        for (const row of rows) {
          if (row.temporary) continue
          if (row.database !== last?.database || row.table !== last.table) {
            const tables = selected.get(row.database)
            if (!tables) continue
            if (!tables.has(row.table)) {
              onUnknown?.(row.database, row.table)
              continue
            }
            answered.get(row.database)?.add(row.table)
            last = row
          }
          wanted.push(row)
        }
        if (wanted.length === 0) continue
        yielded = true
        yield wanted
      }
      yield* leftOut(cluster, selected, answered, { signal, whole, onSlow, onUnread })
      return
    } catch (error) {
      if (yielded || !isNoAnswer(error)) throw error
      slowUntil.set(cluster, Date.now() + SLOW_MS)
    }
  }
  onSlow?.()
  const tables = function* () {
    for (const [database, names] of selected) for (const table of names.keys()) yield { database, table }
  }
  for await (const { table, partitions } of partitionsOfTables(cluster, tables(), { concurrency: 4, signal })) {
    if (partitions) yield partitions.map((row) => ({ ...row, ...table }))
  }
}

async function* leftOut(
  cluster: StarRocksCluster,
  selected: Selected,
  answered: ReadonlyMap<string, ReadonlySet<string>>,
  { signal, whole, onSlow, onUnread }: ReadVersionsOptions,
): AsyncGenerator<PartitionVersions[]> {
  const missing: { database: string; table: string; partitions: number }[] = []
  for (const [database, tables] of selected) {
    for (const [table, listed] of tables) {
      const partitions = listed?.partitionCount ?? 0
      if (partitions > 0 && !answered.get(database)?.has(table)) missing.push({ database, table, partitions })
    }
  }
  if (missing.length === 0) return
  const turn = (turns.get(cluster) ?? 0) % missing.length
  turns.set(cluster, turn + MOST_ONE_BY_ONE)
  const inTurn = [...missing.slice(turn), ...missing.slice(0, turn)]
  const now = whole ? inTurn : inTurn.slice(0, MOST_ONE_BY_ONE)
  if (now.length > MOST_ONE_BY_ONE) onSlow?.()
  for await (const { table, partitions } of partitionsOfTables(cluster, now, { concurrency: 4, signal })) {
    if (partitions) yield partitions.map((row) => ({ ...row, database: table.database, table: table.table }))
  }
  for (const { database, table, partitions } of inTurn.slice(now.length)) onUnread?.(database, table, partitions)
}

function isNoAnswer(error: unknown): boolean {
  return (
    error instanceof StarRocksError && ['BackendCannotAnswer', 'Unsupported', 'Denied', 'Refused'].includes(error.kind)
  )
}
