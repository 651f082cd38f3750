import type { MigrationSpec } from '../../contract/index.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { type LookAge, OF_ANY_AGE } from '../pollers/database-listings.ts'
import { listRestores, type Restores, type TableRestore } from '../pollers/restores.ts'
import { lastRemembered, type Migration } from '../replicate/memory.ts'
import { type JobsToSettle, type Seen, seenWith, settleByJobs } from './settle.ts'

/** A table's last restore. */
interface SeenRestore extends Seen {
  /** No round remembered anything of the kind. */
  unknown: boolean
}

const seen = new WeakMap<Dependencies, Map<string, SeenRestore>>()

/** Tables that were restored at the source since their last round lag until the next: what their versions say of the copy may be wrong. */
export async function settleByRestores(
  deps: Dependencies,
  spec: MigrationSpec,
  source: StarRocksCluster,
  comparisons: ReadonlyMap<string, TableComparison>,
  age: LookAge,
): Promise<void> {
  const jobs: JobsToSettle<Restores | undefined, TableRestore, SeenRestore> = {
    list: (databases) => listRestores(source, databases, age),
    jobOf: (restores, table) => restores?.of(table),
    lookUp: (table, { id }, before) => lookUp(deps, spec, table, id, before),
    seen: seenWith(seen, deps),
  }
  await settleByJobs(jobs, spec, comparisons)
}

async function lookUp(
  deps: Dependencies,
  migration: Migration,
  table: string,
  job: bigint,
  before: SeenRestore | undefined,
): Promise<SeenRestore> {
  const text = (await lastRemembered(deps, migration, table, 'restore'))?.text
  // Of a former version, or forgotten: one more round, which knows what the migration began with.
  const asked = before?.job === job && before.unknown
  const settled = text === undefined ? asked : BigInt(text) >= job
  return { job, settled, unknown: text === undefined }
}

/** The last restore that these databases list, by the id of its job; '0' when there is none. From the listings of a look. */
export async function lastRestore(source: StarRocksCluster, databases: Iterable<string>): Promise<string> {
  let last = 0n
  for (const restores of (await listRestores(source, [...databases], OF_ANY_AGE)).values()) {
    if (restores && restores.last > last) last = restores.last
  }
  return String(last)
}
