import { type MigrationSpec, splitTableName } from '../../contract/index.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { setBounded } from '../set-bounded.ts'

const CONCURRENCY = 8
/** Tables of this process's migrations, those that are gone among them. */
const MOST_SEEN = 100_000

/** A table's last job of a kind at the source, and what has become of it. */
export interface Seen {
  job: bigint
  /** A round of the table has looked at it. */
  settled: boolean
}

export interface JobsToSettle<L, J extends { id: bigint }, S extends Seen> {
  /** The listings of these databases at the source. */
  list(databases: readonly string[]): Promise<ReadonlyMap<string, L>>
  /** The last job of a table that a listing tells of. */
  jobOf(listing: L, table: string): J | undefined
  /** What has become of it, and what was known before; by the table's full name. */
  lookUp(table: string, job: J, before: S | undefined): Promise<S>
  /** By migration and table. */
  seen: Map<string, S>
}

/** The map of what was seen with these dependencies. */
export function seenWith<S>(all: WeakMap<Dependencies, Map<string, S>>, deps: Dependencies): Map<string, S> {
  const known = all.get(deps) ?? new Map<string, S>()
  all.set(deps, known)
  return known
}

/**
 * Tables of which the source lists a job that no round has looked at yet lag until one has: what their versions say of the copy may be wrong.
 * Answers the listings that were used, by database.
 */
export async function settleByJobs<L, J extends { id: bigint }, S extends Seen>(
  { list, jobOf, lookUp, seen }: JobsToSettle<L, J, S>,
  { name }: MigrationSpec,
  comparisons: ReadonlyMap<string, TableComparison>,
): Promise<ReadonlyMap<string, L>> {
  const databases = [...new Set([...comparisons.keys()].map((full) => splitTableName(full).database))]
  const listed = await list(databases)
  const open: { full: string; comparison: TableComparison; job: J }[] = []
  for (const [full, comparison] of comparisons) {
    // What lags gets a round anyway.
    if (comparison.lag.missing || comparison.lag.laggingPartitions > 0) continue
    const { database, table } = splitTableName(full)
    const job = jobOf(listed.get(database) as L, table)
    if (!job) continue
    const before = seen.get(`${name}/${full}`)
    if (!before?.settled || before.job !== job.id) open.push({ full, comparison, job })
  }
  await mapConcurrently(open, CONCURRENCY, async ({ full, comparison, job }) => {
    const key = `${name}/${full}`
    const now = await lookUp(full, job, seen.get(key))
    setBounded(seen, key, now, MOST_SEEN)
    if (!now.settled) comparison.distrust()
  })
  return listed
}
