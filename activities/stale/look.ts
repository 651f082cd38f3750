import type { MigrationSpec } from '../../contract/index.ts'
import { joinTableName } from '../../contract/index.ts'
import { createSelection } from '../../planning/selection.ts'
import { TableComparison, type TableLag, VersionIndex } from '../../planning/version-index.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { settleByColumns } from './altered.ts'
import { settleByMemory } from './lineage.ts'
import { readVersions, selectedTables } from './read-versions.ts'

export interface LookOptions {
  signal?: AbortSignal
  /** List databases and tables anew, instead of believing listings that are some seconds old. */
  fresh?: boolean
}

/**
 * One look at both clusters: for every selected table what its copy lacks. The target is read first: a copy that advances in between then
 * looks older than it is and is looked at again, never newer.
 */
export async function lookAtTables(
  deps: Dependencies,
  spec: MigrationSpec,
  { signal, fresh = false }: LookOptions = {},
): Promise<TableLag[]> {
  const age = fresh ? 0 : listingAge(spec)
  const source = deps.cluster(spec.source).cluster
  const target = deps.cluster(spec.target).cluster
  const selection = createSelection(spec)
  const selected = await selectedTables(source, selection, age)
  const copies = new Map<string, Set<string>>()
  for (const [database, tables] of selected) {
    for (const table of tables) {
      const copy = selection.target(database, table)
      const names = copies.get(copy.database) ?? new Set()
      copies.set(copy.database, names.add(copy.table))
    }
  }
  const existing = await existingCopies(target, copies, age)
  const index = new VersionIndex()
  for (const [database, tables] of existing) for (const table of tables) index.addTable(database, table)
  for await (const row of readVersions(target, existingOrNew(existing, copies), signal)) {
    index.add(row.database, row.table, row.name, row)
  }

  const comparisons = new Map<string, TableComparison>()
  for (const [database, tables] of selected) {
    for (const table of tables) {
      const copy = selection.target(database, table)
      const full = joinTableName(database, table)
      comparisons.set(full, new TableComparison(full, index.get(copy.database, copy.table)))
    }
  }
  for await (const row of readVersions(source, selected, signal)) {
    const comparison = comparisons.get(joinTableName(row.database, row.table))
    comparison?.add(row.name, row, Number(row.dataSizeBytes))
  }
  await settleByMemory(deps, spec, comparisons.values())
  await settleByColumns(deps, spec, source, comparisons, age)
  return [...comparisons.values()].map((comparison) => comparison.lag)
}

/** Listings need a statement for each database, so they are kept for a few looks. */
export const listingAge = (spec: MigrationSpec) => Math.min(spec.intervals.stale * 2000, 30_000)

/** The copies that exist. When the listing lacks some, they may have been made since: then it is read again. */
async function existingCopies(target: StarRocksCluster, copies: ReadonlyMap<string, Set<string>>, maxAgeMs: number) {
  const wanted = {
    includesDatabase: (database: string) => copies.has(database),
    includes: (database: string, table: string) => copies.get(database)?.has(table) ?? false,
  }
  const existing = await selectedTables(target, wanted, maxAgeMs)
  const complete = [...copies].every(([database, tables]) => existing.get(database)?.size === tables.size)
  return complete ? existing : selectedTables(target, wanted, 0)
}

/** Tables made since the listing are in the versions already; only databases that do not exist at all must not be asked for. */
function existingOrNew(existing: ReadonlyMap<string, ReadonlySet<string>>, copies: ReadonlyMap<string, Set<string>>) {
  return new Map([...copies].filter(([database]) => existing.has(database)))
}
