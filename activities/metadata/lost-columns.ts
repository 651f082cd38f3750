import { fnv1a, migrationJobPrefix } from '../../contract/index.ts'
import { versionOf } from '../../planning/partition-verdict.ts'
import { definitionText } from '../../planning/schema-mark.ts'
import { indexSchemas } from '../../starrocks/index.ts'
import { jobBoard } from '../pollers/job-board.ts'
import { momentOf, SchemaTrust } from '../replicate/schema-trust.ts'
import { openTable } from '../replicate/table-pair.ts'
import type { PlanningSession } from './plan-table.ts'
import type { TableFacts } from './read-table.ts'

/**
 * Whether a copy with rows has lost columns of the source, as far as is known: somebody dropped them on the target, or the source had been without
 * them for a while (SWAP, and back). Added again they would be empty, while no version tells. Else they came at the source after the copy's rows.
 */
export async function hasLostColumns(
  { deps, pair }: PlanningSession,
  source: TableFacts,
  target: TableFacts,
): Promise<boolean> {
  const present = new Set(target.model.columns.map(({ name }) => name.toLowerCase()))
  const columns = source.model.columns.filter(({ name }) => present.has(name.toLowerCase()))
  if (columns.length === source.model.columns.length) return false
  if (!target.partitions.some(({ rows }) => rows.some((row) => versionOf(row) > 1n))) return false
  const { spec } = pair
  const found = await openTable(deps, spec, source.entry.full)
  if (!found) return false
  const { cluster, databaseId, entry } = found.target
  const jobs = (await jobBoard(cluster).look(databaseId)).of(entry.id)
  const input = { spec, table: source.entry.full }
  const trust = new SchemaTrust({ deps, migrationPrefix: migrationJobPrefix(spec.name) }, found, input, jobs)
  const indexes = await indexSchemas(found.source.cluster, found.source.databaseId, found.source.entry.id)
  return !(await trust.precedes(momentOf(found, indexes), fnv1a(definitionText({ ...source.model, columns }))))
}
