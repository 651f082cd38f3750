import type { MigrationSpec } from '../../contract/index.ts'
import { splitTableName } from '../../contract/index.ts'
import { coversChange, readMark } from '../../planning/schema-mark.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { AlterJob, StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type ColumnChanges, columnChanges, dueListings } from '../pollers/column-changes.ts'
import { lastRemembered } from '../replicate/memory.ts'
import { setBounded } from '../set-bounded.ts'

const CONCURRENCY = 8
/** Tables of this process's migrations, those that are gone among them. */
const MOST_SEEN = 100_000

/** A table's last change of columns, and what has become of it. */
interface Seen {
  job: bigint
  /** A round of the table has looked at it. */
  settled: boolean
  /** Last closed run of the table's workflow when it was looked up, and how often that was another one than before, and had compared all. */
  runId?: string
  rounds: number
}

/** By migration and table. */
const seen = new WeakMap<Dependencies, Map<string, Seen>>()

/**
 * Changes of columns move no version of any partition. Tables whose columns changed since their copy was last looked at lag, until a round
 * has compared them: of what was copied, nothing is certain meanwhile.
 */
export async function settleByColumns(
  deps: Dependencies,
  { name }: MigrationSpec,
  source: StarRocksCluster,
  comparisons: ReadonlyMap<string, TableComparison>,
  { maxAgeMs, fresh }: { maxAgeMs: number; fresh: boolean },
): Promise<{ databases: number; reason: string } | undefined> {
  const known = seen.get(deps) ?? new Map<string, Seen>()
  seen.set(deps, known)
  const databases = [...new Set([...comparisons.keys()].map((full) => splitTableName(full).database))]
  const due = dueListings(source, databases, fresh ? 0 : maxAgeMs)
  const changes = new Map<string, ColumnChanges>(
    await mapConcurrently(databases, 4, async (database) => {
      const age = fresh || due.has(database) ? 0 : Number.POSITIVE_INFINITY
      return [database, await columnChanges(source, database, age)] as const
    }),
  )
  const open: { comparison: TableComparison; job: AlterJob }[] = []
  for (const [full, comparison] of comparisons) {
    // What lags gets a round anyway.
    if (comparison.lag.missing || comparison.lag.laggingPartitions > 0) continue
    const { database, table } = splitTableName(full)
    const job = changes.get(database)?.get(table)
    if (!job) continue
    const before = known.get(`${name}/${full}`)
    if (!before?.settled || before.job !== job.id) open.push({ comparison, job })
  }
  await mapConcurrently(open, CONCURRENCY, async ({ comparison, job }) => {
    const key = `${name}/${comparison.lag.table}`
    const now = await lookUp(deps, name, comparison.lag.table, job, known.get(key))
    setBounded(known, key, now, MOST_SEEN)
    if (!now.settled) comparison.distrust()
  })
  const unseen = [...changes.values()].flatMap((one) => one.unseen ?? [])
  return unseen[0] === undefined ? undefined : { databases: unseen.length, reason: unseen[0] }
}

/** The last change of columns that these databases list, by the id of its job; '0' when there is none. From the listings of a look. */
export async function lastChange(source: StarRocksCluster, databases: Iterable<string>): Promise<string> {
  let last = 0n
  const any = Number.POSITIVE_INFINITY
  for (const listed of await mapConcurrently([...databases], 4, (one) => columnChanges(source, one, any))) {
    for (const { id } of listed.values()) if (id > last) last = id
  }
  return String(last)
}

async function lookUp(
  deps: Dependencies,
  migration: string,
  table: string,
  job: AlterJob,
  before: Seen | undefined,
): Promise<Seen> {
  const last = await lastRemembered(deps, migration, table, 'schema')
  const mark = readMark(last?.text)
  const same = before?.job === job.id ? before : undefined
  // One that was refused, waits or failed tells what was known before it: it has settled nothing.
  const compared = last?.outcome === 'in-sync' || last?.outcome === 'behind'
  const rounds = same ? same.rounds + (compared && same.runId !== last.runId ? 1 : 0) : 0
  // Where the listing never fits what the table itself says (it was renamed, say), two rounds are enough: the second began after the change.
  const settled = (mark !== undefined && coversChange(mark, job)) || rounds >= 2
  return { job: job.id, settled, runId: last?.runId, rounds }
}
