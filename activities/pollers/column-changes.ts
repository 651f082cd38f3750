import { type AlterJob, listAlterJobs, type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { SingleFlight } from './single-flight.ts'

type Changes = ReadonlyMap<string, AlterJob>

const listings = new WeakMap<StarRocksCluster, Map<string, SingleFlight<Changes>>>()

/**
 * The last finished change of columns of each table of a database, from a listing of at most this age: one statement, whatever the number of
 * tables. StarRocks lists changes for seven days (history_job_keep_max_second). Empty where it does not tell.
 */
export function columnChanges(cluster: StarRocksCluster, database: string, maxAgeMs: number): Promise<Changes> {
  const ofCluster = listings.get(cluster) ?? new Map<string, SingleFlight<Changes>>()
  listings.set(cluster, ofCluster)
  let listing = ofCluster.get(database)
  if (!listing) {
    listing = new SingleFlight(() => readChanges(cluster, database))
    ofCluster.set(database, listing)
  }
  return listing.recent(maxAgeMs)
}

async function readChanges(cluster: StarRocksCluster, database: string): Promise<Changes> {
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
  }
  return latest
}

const SILENT = new Set<StarRocksError['kind']>(['NotFound', 'Denied', 'Unsupported', 'Refused', 'Syntax'])
