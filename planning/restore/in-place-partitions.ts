import { own } from '../backup/changes.ts'
import type { PlannedTable } from './restore-plan.ts'

/** A partition of the live table. */
export interface LivePartition {
  name: string
  buckets: number
  replication?: number
  /** Why StarRocks cannot restore over it, as far as its range or values tell. */
  otherValues?: string
}

export interface InPlacePartitions {
  /** What has to go before the first RESTORE, and why; in the order of the live table. */
  drop: { name: string; why: string }[]
  /** Why the table cannot be restored in place at all. */
  refusal?: string
}

/**
 * What stands in the way of RESTORE over a live, partitioned table. StarRocks compares the bucket numbers of all partitions that the table has in common with a
 * snapshot, asked for or not, and with each snapshot of a chain: so an older snapshot is refused because of a partition that only a later one restores. What
 * is restored anyway can be dropped before; what was not chosen cannot. `held`: bucket numbers of what a snapshot holds of the table, by its index.
 */
export function inPlacePartitions(
  { table, only, parts }: Pick<PlannedTable, 'table' | 'only' | 'parts'>,
  live: readonly LivePartition[],
  held: (label: number) => ReadonlyMap<string, number>,
): InPlacePartitions {
  const chosen = only && new Set(only)
  const drop: InPlacePartitions['drop'] = []
  const refusals: string[] = []
  for (const { name, buckets, replication, otherValues } of live) {
    const record = own(table.partitions, name)
    const restored = record !== undefined && (!chosen || chosen.has(name))
    if (!restored && !chosen) {
      drop.push({ name, why: 'was not there at the backup' })
      continue
    }
    const clash = clashOf(name, buckets)
    if (!restored) {
      if (clash)
        refusals.push(
          `partition ${name}, which is not to be restored, has ${buckets} buckets, and a snapshot that is needed has it with ${clash}: StarRocks would refuse all of it`,
        )
      continue
    }
    const why =
      otherValues ??
      (record.buckets !== undefined && record.buckets !== buckets
        ? `has ${buckets} buckets, at the backup it had ${record.buckets}`
        : record.replication !== undefined && replication !== undefined && record.replication !== replication
          ? `has ${replication} replicas, at the backup it had ${record.replication}`
          : clash !== undefined
            ? `has ${buckets} buckets, in an earlier snapshot of the chain it had ${clash}`
            : undefined)
    if (why !== undefined) drop.push({ name, why })
  }
  // Once it is restored it stays: a later snapshot that has it otherwise could never be restored.
  for (const [at, { label, names }] of parts.entries()) {
    for (const name of names) {
      const buckets = own(table.partitions, name)?.buckets
      const later = parts
        .slice(at + 1)
        .find((part) => part.label !== label && isOther(held(part.label).get(name), buckets))
      if (later) refusals.push(`partition ${name} has another number of buckets in a later snapshot of the chain`)
    }
  }
  return { drop, ...(refusals.length > 0 ? { refusal: refusals[0] } : {}) }

  function clashOf(name: string, buckets: number): number | undefined {
    for (const { label } of parts) {
      const there = held(label).get(name)
      if (isOther(there, buckets)) return there
    }
    return undefined
  }
}

const isOther = (there: number | undefined, buckets: number | undefined) =>
  there !== undefined && buckets !== undefined && there !== buckets

/** Whether the record alone does not tell what the snapshots hold besides. */
export const needsManifests = ({ only, parts }: Pick<PlannedTable, 'only' | 'parts'>): boolean =>
  only !== undefined || new Set(parts.map(({ label }) => label)).size > 1
