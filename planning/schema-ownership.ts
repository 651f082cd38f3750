/** What the target's metadata tells of one partition. */
export interface WrittenPartition {
  name: string
  visibleVersion: bigint
  /** Undefined where the version has no data versions (before 3.3.2). */
  dataVersion?: bigint
  /** Of the last transaction; undefined where the version does not tell. */
  txnType?: 'NORMAL' | 'REPLICATION' | undefined
}

/**
 * Whose the rows of a target partition or table are.
 * - `empty`: never written since it was made: nothing can be lost
 * - `ours`: the last write was a replication: a copy
 * - `foreign`: a load wrote last
 * - `unknown`: written, and the version does not tell by what
 */
export type Ownership = 'empty' | 'ours' | 'foreign' | 'unknown'

/** A new, truncated or recreated partition stands at version 1; compaction on shared data moves only the visible version. */
export function partitionOwnership(partition: WrittenPartition): Ownership {
  if ((partition.dataVersion ?? partition.visibleVersion) <= 1n) return 'empty'
  if (partition.txnType === undefined) return 'unknown'
  return partition.txnType === 'REPLICATION' ? 'ours' : 'foreign'
}

/** A table is as foreign as its most foreign partition. */
export function tableOwnership(partitions: Iterable<WrittenPartition>): Ownership {
  let worst: Ownership = 'empty'
  for (const partition of partitions) {
    const here = partitionOwnership(partition)
    if (RANK[here] > RANK[worst]) worst = here
  }
  return worst
}

/** Whether it may be thrown away: nothing of value, a copy, or somebody said so. */
export function mayDiscard(ownership: Ownership, allowed: boolean): boolean {
  return allowed || ownership === 'empty' || ownership === 'ours'
}

/** Why it may not be thrown away, for a person. */
export function whyNotOurs(ownership: Ownership, what: string, partitions: readonly WrittenPartition[]): string {
  const names = partitions.filter((p) => partitionOwnership(p) === ownership).map((p) => p.name)
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? `, … (${names.length})` : '')
  return ownership === 'unknown'
    ? `${what} holds rows (partition ${shown}) and this version of StarRocks does not tell whether a replication or a load wrote them`
    : `${what} holds rows that a load wrote (partition ${shown})`
}

const RANK: Record<Ownership, number> = { empty: 0, ours: 1, unknown: 2, foreign: 3 }
