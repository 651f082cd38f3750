import { type AlterJob, listAlterJobs, type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { DatabaseListings } from './database-listings.ts'

export interface ColumnChanges extends ReadonlyMap<string, AlterJob> {
  /** Why the cluster does not tell, if it does not. */
  readonly unseen?: string
}

const listings = new DatabaseListings(readChanges)

/**
 * The last finished change of columns of each table of a database, from a listing of at most this age: one statement, whatever the number of
 * tables. StarRocks lists changes for seven days (history_job_keep_max_second). Empty, with the reason, where it does not tell.
 */
export const columnChanges = (cluster: StarRocksCluster, database: string, maxAgeMs: number): Promise<ColumnChanges> =>
  listings.recent(cluster, database, maxAgeMs)

/** Which of these databases' listings are to be read again. */
export const dueListings = (cluster: StarRocksCluster, databases: readonly string[], maxAgeMs: number): Set<string> =>
  listings.due(cluster, databases, maxAgeMs)

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
    if (!(error instanceof StarRocksError) || !SILENT.has(error.kind)) throw error
    // A database that is gone has nothing to hide.
    if (error.kind !== 'NotFound') return Object.assign(latest, { unseen: error.detail })
  }
  return latest
}

const SILENT = new Set<StarRocksError['kind']>(['NotFound', 'Denied', 'Unsupported', 'Refused', 'Syntax'])
