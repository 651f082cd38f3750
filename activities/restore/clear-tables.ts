import { ApplicationFailure } from '@temporalio/common'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listPartitions } from '../../starrocks/index.ts'
import { type HeldBuckets, readHeldBuckets } from './held-buckets.ts'
import { readDatabase } from './live-objects.ts'
import { liveSettings, switchOffLive } from './quiet-tables.ts'
import { repositoryOf } from './repository-of.ts'
import type { RestoreContext } from './restore-context.ts'
import { busyRestore, staleRestore } from './restore-failures.ts'
import { clearTheWay, partitionsInTheWay } from './surplus-partitions.ts'

/** Of a live table, before anything of it is changed. */
export interface BeforeClearing {
  /** By which it drops partitions of its own accord, with their values: they are switched off. */
  settings: Record<string, string>
  /** Partitions that go; some of them tell of all. */
  drops: string[]
  dropCount: number
}

/** By the live table's name; of those that have neither nothing is noted. */
export type ClearMark = Record<string, BeforeClearing>

const MOST_NAMED = 20

export async function markClear(context: RestoreContext, tables: readonly PlannedTable[]): Promise<ClearMark> {
  const held = await heldOf(context, tables)
  const marks: [string, BeforeClearing][] = []
  for (const [planned, heldBy] of held) {
    const properties = await liveSettings(context, planned.database, planned.as)
    const settings = Object.fromEntries(properties.map(({ property, value }) => [property, value]))
    // Why a table cannot be cleared is said when it is to be cleared.
    const drops = await partitionsInTheWay(context, planned, heldBy).catch(unlessRefused)
    if (properties.length === 0 && drops.length === 0) continue
    marks.push([planned.target, { settings, drops: drops.slice(0, MOST_NAMED), dropCount: drops.length }])
  }
  return Object.fromEntries(marks)
}

function unlessRefused(error: unknown): string[] {
  if (error instanceof ApplicationFailure) return []
  throw error
}

/**
 * Makes way for RESTORE over live tables. What can keep it from any of them is looked for on all before the first partition is dropped: what is
 * dropped cannot be had back. Can be repeated. Errors: Busy while a table is being altered or overwritten, Stale.
 */
export async function clearTables(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  const held = await heldOf(context, tables)
  await allAtRest(context, tables)
  for (const [planned, heldBy] of held) await partitionsInTheWay(context, planned, heldBy)
  // StarRocks drops no partition of a table that makes and drops its own.
  for (const [planned] of held) await switchOffLive(context, planned.database, planned.as)
  for (const [planned, heldBy] of held) await clearTheWay(context, planned, heldBy)
}

/** Those of which partitions may be dropped, with what the snapshots hold of them: read for all before anything is changed. */
async function heldOf(
  context: RestoreContext,
  tables: readonly PlannedTable[],
): Promise<[PlannedTable, HeldBuckets][]> {
  const { deps, spec, outline, basis, signal } = context
  const heldBy = readHeldBuckets(() => repositoryOf(deps, spec.repository), outline, signal)
  const held: [PlannedTable, HeldBuckets][] = []
  for (const planned of basis.bare ? [] : tables) held.push([planned, await heldBy(planned)])
  return held
}

/** RESTORE over a table that is altered, or that an INSERT OVERWRITE writes to, is cancelled; by then its partitions would have been dropped. */
async function allAtRest({ cluster, outline, signal }: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  const objects = (await readDatabase(cluster, outline.database, signal))?.objects
  for (const { database, as } of tables) {
    const live = objects?.get(as)
    if (!live) throw staleRestore(`${database}.${as}, which was to be restored in place, is gone`)
    if (live.state !== '' && live.state !== 'NORMAL')
      throw busyRestore(`${database}.${as} is being altered (${live.state}): waits for its end`)
    const [temporary] = await listPartitions(cluster, database, as, { temporary: true, signal })
    if (temporary)
      throw busyRestore(
        `${database}.${as} has temporary partitions (${temporary.name}), perhaps of an INSERT OVERWRITE that runs: waits until they have gone`,
      )
  }
}
