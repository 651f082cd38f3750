import type { SourceVersion, TargetVersion } from '../../planning/partition-verdict.ts'
import {
  isNativeTable,
  partitionsMeta,
  partitionsOfTables,
  type StarRocksCluster,
  StarRocksError,
} from '../../starrocks/index.ts'
import { directory } from '../pollers/directory.ts'

/** What a look needs of a partition. */
export interface PartitionVersions extends SourceVersion, TargetVersion {
  database: string
  table: string
  name: string
  dataSizeBytes: bigint
}

export interface ReadVersionsOptions {
  includesDatabase(database: string): boolean
  includes(database: string, table: string): boolean
  signal?: AbortSignal
}

/** After the fast path failed it is not tried again for so long. */
const SLOW_MS = 60_000

const slowUntil = new WeakMap<StarRocksCluster, number>()

/** The native tables of the cluster that the selection takes, by database, from listings of at most this age. */
export async function selectedTables(cluster: StarRocksCluster, options: ReadVersionsOptions, maxAgeMs: number) {
  const listing = directory(cluster)
  const selected = new Map<string, Set<string>>()
  for (const [name, { system }] of await listing.databases(maxAgeMs)) {
    if (system || !options.includesDatabase(name)) continue
    const tables = await listing.tables(name, maxAgeMs)
    const names = new Set<string>()
    for (const [table, { type }] of tables ?? [])
      if (isNativeTable(type) && options.includes(name, table)) names.add(table)
    selected.set(name, names)
  }
  return selected
}

/**
 * Versions of all partitions of these tables: with one query where a backend answers it, else by SHOW PARTITIONS table by table, four at a
 * time. Partitions of one table come together only on the slow path.
 */
export async function* readVersions(
  cluster: StarRocksCluster,
  selected: ReadonlyMap<string, ReadonlySet<string>>,
  signal?: AbortSignal,
): AsyncGenerator<PartitionVersions> {
  if (selected.size === 0) return
  let yielded = false
  if ((slowUntil.get(cluster) ?? 0) < Date.now()) {
    try {
      const whole = selected.size > 50
      const databases = whole ? undefined : [...selected.keys()]
      for await (const row of partitionsMeta(cluster, { databases, signal })) {
        if (row.temporary || !selected.get(row.database)?.has(row.table)) continue
        yielded = true
        yield row
      }
      return
    } catch (error) {
      if (yielded || !isNoAnswer(error)) throw error
      slowUntil.set(cluster, Date.now() + SLOW_MS)
    }
  }
  const tables = function* () {
    for (const [database, names] of selected) for (const table of names) yield { database, table }
  }
  for await (const { table, partitions } of partitionsOfTables(cluster, tables(), { concurrency: 4, signal })) {
    for (const row of partitions ?? []) yield { ...row, ...table }
  }
}

function isNoAnswer(error: unknown): boolean {
  return (
    error instanceof StarRocksError && ['BackendCannotAnswer', 'Unsupported', 'Denied', 'Refused'].includes(error.kind)
  )
}
