import type { PartitionFilter } from '../../contract/backup/objects.ts'
import { type FilteredPartition, filterPartitions } from './partition-filter.ts'

export interface TakenPartitions {
  /** In the table's order. */
  names: string[]
  /** A condition that cannot be judged here, and so was not applied. */
  ignored?: string
  /** Of `names` those that only a backup would have taken that was not made. */
  madeUp: string[]
  /** When such backups were due of which the table has no partition, or no longer. */
  without: string[]
}

/**
 * What a filter takes of a table, together with what it would have taken at the times when a backup was due and none was made: a filter that moves on with
 * the days would leave out for ever what it passed over. All times are `YYYY-MM-DD HH:MM:SS` in the policy's time zone.
 */
export function takePartitions(
  partitions: readonly FilteredPartition[],
  filter: PartitionFilter,
  now: string,
  missed: readonly string[],
): TakenPartitions {
  const { names, ignored } = filterPartitions(partitions, filter, now)
  const taken = new Set(names)
  const madeUp = new Set<string>()
  const without: string[] = []
  for (const time of missed) {
    const then = filterPartitions(partitions, filter, time).names
    if (then.length === 0) without.push(time)
    for (const name of then) if (!taken.has(name)) madeUp.add(name)
  }
  return {
    names: partitions.flatMap(({ name }) => (taken.has(name) || madeUp.has(name) ? [name] : [])),
    ...(ignored === undefined ? {} : { ignored }),
    madeUp: partitions.flatMap(({ name }) => (madeUp.has(name) ? [name] : [])),
    without,
  }
}

/** Whether what it takes of a table depends on when that is. */
export const movesOn = (filter: PartitionFilter | undefined): filter is PartitionFilter =>
  filter !== undefined && (filter.ofDay !== undefined || filter.newest !== undefined || filter.closed === true)

/** How far back what was missed is made up for. */
export const MISSED_DAYS = 31
/** Of a policy that runs more often than daily. */
export const MISSED_TIMES = 200
