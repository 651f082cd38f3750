import type { MigrationSpec } from '../../contract/index.ts'
import { joinTableName } from '../../contract/index.ts'
import { createSelection } from '../../planning/selection.ts'
import { TableComparison, type TableLag, VersionIndex } from '../../planning/version-index.ts'
import type { Dependencies } from '../dependencies.ts'
import { readVersions, selectedTables } from './read-versions.ts'

/**
 * One look at both clusters: for every selected table what its copy lacks. The target is read first: a copy that advances in between then
 * looks older than it is and is looked at again, never newer.
 */
export async function lookAtTables(deps: Dependencies, spec: MigrationSpec, signal?: AbortSignal): Promise<TableLag[]> {
  const source = deps.cluster(spec.source).cluster
  const target = deps.cluster(spec.target).cluster
  const selection = createSelection(spec)
  const selected = await selectedTables(source, {
    includesDatabase: (database) => selection.includesDatabase(database),
    includes: (database, table) => selection.includes(database, table),
  })
  const copies = new Map<string, Set<string>>()
  for (const [database, tables] of selected) {
    for (const table of tables) {
      const copy = selection.target(database, table)
      const names = copies.get(copy.database) ?? new Set()
      copies.set(copy.database, names.add(copy.table))
    }
  }
  const existing = await selectedTables(target, {
    includesDatabase: (database) => copies.has(database),
    includes: (database, table) => copies.get(database)?.has(table) ?? false,
  })
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
  return [...comparisons.values()].map((comparison) => comparison.lag)
}

/** Tables made since the listing are in the versions already; only databases that do not exist at all must not be asked for. */
function existingOrNew(existing: ReadonlyMap<string, ReadonlySet<string>>, copies: ReadonlyMap<string, Set<string>>) {
  return new Map([...copies].filter(([database]) => existing.has(database)))
}
