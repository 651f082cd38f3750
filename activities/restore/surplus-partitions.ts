import { inPlacePartitions } from '../../planning/restore/in-place-partitions.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listPartitions, quoteName, quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import type { HeldBuckets } from './held-buckets.ts'
import { livePartitions } from './live-partitions.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'

/**
 * Drops partitions that the table had not at the backup. Under a live name anybody may have loaded into them: those that hold anything stay, and are told.
 * Can be repeated.
 */
export async function dropSurplus(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const { database, as, target, table } = planned
  const rows = await listPartitions(context.cluster, database, as, { signal: context.signal })
  const surplus = new Set(rows.map(({ name }) => name).filter((name) => !Object.hasOwn(table.partitions, name)))
  if (as === target && database === context.outline.database) {
    // An empty partition is at version 1; each load adds one.
    for (const { name, visibleVersion } of rows) {
      if (visibleVersion <= 1n || !surplus.delete(name)) continue
      context.warn(
        `Partition ${name} of ${database}.${as}, which the backup had not, was loaded into meanwhile: it stays. If nobody needs it: ${dropStatement(planned, name)}`,
      )
    }
  }
  await drop(context, planned, [...surplus])
}

/**
 * Partitions of a live table that keep RESTORE from it: that were not there at the backup, that StarRocks cannot restore over, or that keep it from restoring
 * others. Only of what is restored anyway when partitions were chosen. Errors: Stale when the table has become one that cannot be restored in place.
 */
export async function partitionsInTheWay(
  context: RestoreContext,
  planned: PlannedTable,
  held: HeldBuckets,
): Promise<string[]> {
  const { table, database, as } = planned
  if (table.partitioning === 'none') return []
  const rows = await listPartitions(context.cluster, database, as, { signal: context.signal })
  const way = inPlacePartitions(planned, livePartitions(planned, rows), held)
  if (way.refusal !== undefined) throw staleRestore(`${database}.${as} cannot be restored in place: ${way.refusal}`)
  return way.drop.map(({ name }) => name)
}

/** Drops them. Can be repeated; nothing is dropped when it fails with Stale. */
export async function clearTheWay(context: RestoreContext, planned: PlannedTable, held: HeldBuckets): Promise<void> {
  await drop(context, planned, await partitionsInTheWay(context, planned, held))
}

const dropStatement = ({ database, as }: PlannedTable, name: string) =>
  `ALTER TABLE ${quoteQualified(database, as)} DROP PARTITION IF EXISTS ${quoteName(name)} FORCE`

async function drop(context: RestoreContext, planned: PlannedTable, names: readonly string[]): Promise<void> {
  for (const name of names) {
    context.tell(`drop partition ${name} of ${planned.database}.${planned.as}`)
    try {
      await context.cluster.execute(dropStatement(planned, name), { signal: context.signal })
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind !== 'NotFound') throw error
    }
  }
}
