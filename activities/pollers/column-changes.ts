import { type AlterJob, listAlterJobs, type StarRocksCluster } from '../../starrocks/index.ts'
import { DatabaseListings, refusalOf } from './database-listings.ts'

export interface ColumnChanges extends ReadonlyMap<string, AlterJob> {
  /** Why the cluster does not tell, if it does not. */
  readonly unseen?: string
}

/** Listings of the changes of columns, by database. */
export const columnListings = new DatabaseListings(readChanges)

/**
 * The last finished change of columns of each table of a database, from a listing of at most this age: one statement, whatever the number of
 * tables. StarRocks lists changes for seven days (history_job_keep_max_second). Empty, with the reason, where it does not tell.
 */
export const columnChanges = (cluster: StarRocksCluster, database: string, maxAgeMs: number): Promise<ColumnChanges> =>
  columnListings.recent(cluster, database, maxAgeMs)

async function readChanges(cluster: StarRocksCluster, database: string): Promise<ColumnChanges> {
  const latest = new Map<string, AlterJob>()
  try {
    for (const job of await listAlterJobs(cluster, database, 'COLUMN')) {
      // One row for each index; the base index is called like its table.
      if (job.state !== 'FINISHED' || job.subject !== job.table) continue
      const before = latest.get(job.table)
      if (!before || before.id < job.id) latest.set(job.table, job)
    }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal) return Object.assign(latest, { unseen: refusal.detail })
  }
  return latest
}
