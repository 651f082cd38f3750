import { replicationLabel, transactions } from '../../starrocks/index.ts'
import { busyTable } from '../failures.ts'
import { jobBoard } from '../pollers/job-board.ts'
import type { TablePair } from './table-pair.ts'

/**
 * Looks for jobs of the table once more, right before partitions are emptied: the first look may be long ago, for a step waits until the target's
 * limits allow a job. One that is committed has not moved the versions yet that this was decided by, and only its transaction tells when it has.
 * Throws `Busy`: the next attempt adopts a job of ours.
 */
export async function throwIfJobs({ target }: Pick<TablePair, 'target'>): Promise<void> {
  const { cluster, databaseId, entry, full } = target
  const running = (await jobBoard(cluster).look(databaseId)).running(entry.id)
  if (running) throw busyTable(`replication job ${running.jobId} of ${full} is running on ${cluster.name}`, 1_000)
  const prefix = replicationLabel(databaseId, entry.id, '')
  const open = (await transactions(cluster, databaseId, 'running')).find(
    ({ label, status }) => status === 'COMMITTED' && label.startsWith(prefix),
  )
  if (open) throw busyTable(`job ${open.label.slice(prefix.length)} of ${full} is not published yet`, 1_000)
}
