import { type AlterJob, listAlterJobs, type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { Ration } from './ration.ts'
import { SingleFlight } from './single-flight.ts'

export interface ColumnChanges extends ReadonlyMap<string, AlterJob> {
  /** Why the cluster does not tell, if it does not. */
  readonly unseen?: string
}

const listings = new WeakMap<StarRocksCluster, Map<string, SingleFlight<ColumnChanges>>>()

/**
 * The last finished change of columns of each table of a database, from a listing of at most this age: one statement, whatever the number of
 * tables. StarRocks lists changes for seven days (history_job_keep_max_second). Empty, with the reason, where it does not tell.
 */
export function columnChanges(cluster: StarRocksCluster, database: string, maxAgeMs: number): Promise<ColumnChanges> {
  return listingOf(cluster, database).recent(maxAgeMs)
}

/** Statements a second for listing the changes of all databases, and those of each look in any case. */
const PER_SECOND = 0.6
const AT_LEAST = 5

const rations = new WeakMap<StarRocksCluster, Ration>()

/**
 * Which of these databases' listings are to be read again: the oldest ones, as many as the ration allows. With a hundred databases that takes
 * some minutes for all; a table that gets a round is looked at in any case.
 */
export function dueListings(cluster: StarRocksCluster, databases: readonly string[], maxAgeMs: number): Set<string> {
  const ration = rations.get(cluster) ?? new Ration(PER_SECOND, AT_LEAST)
  rations.set(cluster, ration)
  const age = (database: string) => listingOf(cluster, database).age()
  return new Set(
    ration.choose(
      databases.filter((database) => age(database) > maxAgeMs),
      age,
    ),
  )
}

function listingOf(cluster: StarRocksCluster, database: string): SingleFlight<ColumnChanges> {
  const ofCluster = listings.get(cluster) ?? new Map<string, SingleFlight<ColumnChanges>>()
  listings.set(cluster, ofCluster)
  let listing = ofCluster.get(database)
  if (!listing) {
    listing = new SingleFlight(() => readChanges(cluster, database))
    ofCluster.set(database, listing)
  }
  return listing
}

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
