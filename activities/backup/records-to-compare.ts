import type { BackupRecord } from '../../contract/backup/record.ts'
import { staleBackup } from './backup-failures.ts'
import { otherCluster } from './earlier-backups.ts'
import type { PlanningRun } from './plan-snapshot.ts'

/** Earlier records that planning needs. Both throw `Stale` when theirs has gone, or is of another cluster than this one. */
export interface RecordsToCompare {
  /** What the backup is compared with; undefined for a full one. */
  baseline(): Promise<BackupRecord | undefined>
  /** The last good one of the series, see BackupDecision. */
  previous(): Promise<BackupRecord | undefined>
}

/** Each is read when it is asked for, and once though it be both: the record of ten thousand tables takes a hundred megabytes of memory. */
export function recordsToCompare(
  { input, objects, signal }: PlanningRun,
  clusterId: string | undefined,
): RecordsToCompare {
  const known = new Map<string, Promise<BackupRecord>>()
  const read = async (id: string | undefined, what: string) => {
    if (id === undefined || !objects) return undefined
    const record = known.get(id) ?? load(id, what)
    known.set(id, record)
    return record
  }
  const load = async (id: string, what: string) => {
    const record = await objects?.record(id, { signal })
    if (!record) throw staleBackup(`backup ${id}, ${what}, has been deleted`, { decide: true })
    const other = otherCluster(record, clusterId)
    if (other) throw staleBackup(`backup ${id}, ${what}, is nothing to build on: ${other}`, { decide: true })
    return record
  }
  return {
    baseline: () => read(input.baseline, 'to compare with'),
    previous: () => read(input.previous, 'the last good one'),
  }
}
