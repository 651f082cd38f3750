import type { MigrationSpec } from '../../contract/index.ts'
import { splitTableName } from '../../contract/index.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { dueRestores, restoresInto } from '../pollers/restores.ts'
import { lastRemembered } from '../replicate/memory.ts'

const CONCURRENCY = 8

/** A table's last restore at the source, and what has become of it. */
interface Seen {
  job: bigint
  /** A round of the table has looked at it. */
  settled: boolean
  /** No round remembered anything of the kind. */
  unknown: boolean
}

/** By migration and table. */
const seen = new WeakMap<Dependencies, Map<string, Seen>>()

/** Tables that were restored at the source since their last round lag until the next: what their versions say of the copy may be wrong. */
export async function settleByRestores(
  deps: Dependencies,
  { name }: MigrationSpec,
  source: StarRocksCluster,
  comparisons: ReadonlyMap<string, TableComparison>,
  { maxAgeMs, fresh }: { maxAgeMs: number; fresh: boolean },
): Promise<void> {
  const known = seen.get(deps) ?? new Map<string, Seen>()
  seen.set(deps, known)
  const databases = [...new Set([...comparisons.keys()].map((full) => splitTableName(full).database))]
  const due = dueRestores(source, databases, fresh ? 0 : maxAgeMs)
  const listed = new Map(
    await mapConcurrently(databases, 4, async (database) => {
      const age = fresh || due.has(database) ? 0 : Number.POSITIVE_INFINITY
      return [database, await restoresInto(source, database, age)] as const
    }),
  )
  const open: { comparison: TableComparison; job: bigint }[] = []
  for (const [full, comparison] of comparisons) {
    // What lags gets a round anyway.
    if (comparison.lag.missing || comparison.lag.laggingPartitions > 0) continue
    const { database, table } = splitTableName(full)
    const restored = listed.get(database)?.of(table)
    if (!restored) continue
    const before = known.get(`${name}/${full}`)
    if (!before?.settled || before.job !== restored.id) open.push({ comparison, job: restored.id })
  }
  await mapConcurrently(open, CONCURRENCY, async ({ comparison, job }) => {
    const key = `${name}/${comparison.lag.table}`
    const text = (await lastRemembered(deps, name, comparison.lag.table, 'restore'))?.text
    const before = known.get(key)
    // Of a former version, or forgotten: one more round, which knows what the migration began with.
    const asked = before?.job === job && before.unknown
    const settled = text === undefined ? asked : BigInt(text) >= job
    known.set(key, { job, settled, unknown: text === undefined })
    if (!settled) comparison.distrust()
  })
}

/** The last restore that these databases list, by the id of its job; '0' when there is none. From the listings of a look. */
export async function lastRestore(source: StarRocksCluster, databases: Iterable<string>): Promise<string> {
  let last = 0n
  const any = Number.POSITIVE_INFINITY
  for (const restores of await mapConcurrently([...databases], 4, (one) => restoresInto(source, one, any))) {
    if (restores && restores.last > last) last = restores.last
  }
  return String(last)
}
