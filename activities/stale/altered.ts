import type { MigrationSpec } from '../../contract/index.ts'
import { coversChange, readMark } from '../../planning/schema-mark.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { AlterJob, StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { type ColumnChanges, columnListings } from '../pollers/column-changes.ts'
import { type LookAge, OF_ANY_AGE } from '../pollers/database-listings.ts'
import { lastRemembered, type Migration } from '../replicate/memory.ts'
import { type JobsToSettle, type Seen, seenWith, settleByJobs } from './settle.ts'

/** A table's last change of columns. */
interface SeenChange extends Seen {
  /** Last closed run of the table's workflow when it was looked up, and how often that was another one than before, and had compared all. */
  runId?: string
  rounds: number
}

const seen = new WeakMap<Dependencies, Map<string, SeenChange>>()

/**
 * Changes of columns move no version of any partition. Tables whose columns changed since their copy was last looked at lag, until a round
 * has compared them: of what was copied, nothing is certain meanwhile.
 */
export async function settleByColumns(
  deps: Dependencies,
  spec: MigrationSpec,
  source: StarRocksCluster,
  comparisons: ReadonlyMap<string, TableComparison>,
  age: LookAge,
): Promise<{ databases: number; reason: string } | undefined> {
  const jobs: JobsToSettle<ColumnChanges, AlterJob, SeenChange> = {
    list: (databases) => columnListings.inTurn(source, databases, age),
    jobOf: (changes, table) => changes.get(table),
    lookUp: (table, job, before) => lookUp(deps, spec, table, job, before),
    seen: seenWith(seen, deps),
  }
  const changes = await settleByJobs(jobs, spec, comparisons)
  const unseen = [...changes.values()].flatMap((one) => one.unseen ?? [])
  return unseen[0] === undefined ? undefined : { databases: unseen.length, reason: unseen[0] }
}

/** The last change of columns that these databases list, by the id of its job; '0' when there is none. From the listings of a look. */
export async function lastChange(source: StarRocksCluster, databases: Iterable<string>): Promise<string> {
  let last = 0n
  for (const listed of (await columnListings.inTurn(source, [...databases], OF_ANY_AGE)).values()) {
    for (const { id } of listed.values()) if (id > last) last = id
  }
  return String(last)
}

async function lookUp(
  deps: Dependencies,
  migration: Migration,
  table: string,
  job: AlterJob,
  before: SeenChange | undefined,
): Promise<SeenChange> {
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
