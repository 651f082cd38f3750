import { busyTable } from '../failures.ts'
import { unpublishedJob } from '../metadata/running-job.ts'
import { jobBoard } from '../pollers/job-board.ts'
import type { TablePair } from './table-pair.ts'

/**
 * Looks for jobs of the table once more, where it counts that its copy is empty, and right before partitions are emptied: the first look may be
 * long ago, for a step waits until the target's limits allow a job. One that is committed has not moved the versions yet that this is decided by,
 * and only its transaction tells when it has.
 * Throws `Busy`: the next attempt adopts a job of ours.
 */
export async function throwIfJobs({ target }: Pick<TablePair, 'target'>): Promise<void> {
  const { cluster, databaseId, entry, full } = target
  const running = (await jobBoard(cluster).look(databaseId)).running(entry.id)
  if (running) throw busyTable(`replication job ${running.jobId} of ${full} is running on ${cluster.name}`, 1_000)
  const open = await unpublishedJob(target, { databaseId, id: entry.id })
  if (open !== undefined) throw busyTable(`job ${open} of ${full} is not published yet`, 1_000)
}
