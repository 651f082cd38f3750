import { fnv1a, migrationJobPrefix } from '../../contract/index.ts'
import { versionOf } from '../../planning/partition-verdict.ts'
import { definitionText } from '../../planning/schema-mark.ts'
import { indexSchemas, isAtLeast } from '../../starrocks/index.ts'
import { jobBoard } from '../pollers/job-board.ts'
import { momentOf, SchemaTrust } from '../replicate/schema-trust.ts'
import { openTable } from '../replicate/table-pair.ts'
import type { PlanningSession } from './plan-table.ts'
import type { TableFacts } from './read-table.ts'

/**
 * Why a copy with rows must not be given the source's columns in place; undefined where it may, as far as is known.
 *
 * - It may have lost columns: somebody dropped them on the target, or the source had been without them for a while (SWAP, and back). Added again
 *   they would be empty, while no version tells. Else they came at the source after the copy's rows.
 * - The source rewrote its tablets for more than that a column came or went, in one ALTER TABLE of several clauses perhaps (DROP v, MODIFY w), and what
 *   looks like one that went may be a rename (w TO v). Before 3.3 nothing is renamed, and every change rewrites.
 */
export async function whyMadeAgain(
  { deps, pair }: PlanningSession,
  source: TableFacts,
  target: TableFacts,
): Promise<string | undefined> {
  const present = new Set(target.model.columns.map(({ name }) => name.toLowerCase()))
  const columns = source.model.columns.filter(({ name }) => present.has(name.toLowerCase()))
  const added = columns.length < source.model.columns.length
  if (!added && columns.length === target.model.columns.length) return undefined
  if (!target.partitions.some(({ rows }) => rows.some((row) => versionOf(row) > 1n))) return undefined
  const { spec } = pair
  const found = await openTable(deps, spec, source.entry.full)
  if (!found) return undefined
  const { cluster, databaseId, entry } = found.target
  const jobs = (await jobBoard(cluster).look(databaseId)).of(entry.id)
  const input = { spec, table: source.entry.full }
  const trust = new SchemaTrust({ deps, migrationPrefix: migrationJobPrefix(spec.name) }, found, input, jobs)
  const indexes = await indexSchemas(found.source.cluster, found.source.databaseId, found.source.entry.id)
  const now = momentOf(found, indexes)
  if (isAtLeast(pair.source.version, 3, 3) && (await trust.rewritten(now))) {
    return 'the source rewrote the table, and its columns may have been renamed'
  }
  if (!added || (await trust.precedes(now, fnv1a(definitionText({ ...source.model, columns }))))) return undefined
  return 'its rows are not known to be older than the columns that it lacks'
}
