import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from '../show/queryable.ts'
import { type JobObject, readRestoreObjects } from './job-objects.ts'
import { filled, type JobRow, readJobRow } from './job-row.ts'
import { showJobsStatement } from './job-statements.ts'

export type RestoreState =
  | 'PENDING'
  | 'SNAPSHOTING'
  | 'DOWNLOAD'
  | 'DOWNLOADING'
  | 'COMMIT'
  | 'COMMITTING'
  | 'FINISHED'
  | 'CANCELLED'

export interface RestoreJob extends JobRow<RestoreState> {
  kind: 'restore'
  /** Of the snapshot. */
  timestamp: string
  /** As they are called in the snapshot. */
  objects: JobObject[]
  /** RestoreObjs as printed; empty before the job has read the snapshot. */
  objectsText: string
  replicationNum?: number
  allowLoad: boolean
  metaPreparedTime?: string
  downloadFinishedTime?: string
}

/**
 * SHOW RESTORE [FROM db]: the last job of the database (of each one without a name), and the last one of external catalogs, if any.
 *
 * The frontend that is asked answers out of what it knows itself, and a follower knows neither tasks nor every state: ask the leader
 * (`StarRocksCluster` always does). No row does not mean that there was no job, see `showBackups`; nothing but the data tells of a lost one.
 * Needs REPOSITORY on SYSTEM. Errors: `NotFound` for an unknown database.
 */
export async function showRestores(
  cluster: Queryable,
  database?: string,
  options?: StatementOptions,
): Promise<RestoreJob[]> {
  const { rows } = await cluster.query(showJobsStatement('restore', database), options)
  return rows.map(readRestoreJob)
}

/** The row of one database's job, see `showBackupOf`. */
export async function showRestoreOf(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<RestoreJob | undefined> {
  return (await showRestores(cluster, database, options)).find((job) => job.database !== '')
}

/** The row of the external catalogs' job: its database is empty. */
export async function showCatalogRestore(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<RestoreJob | undefined> {
  return (await showRestores(cluster, undefined, options)).find((job) => job.database === '')
}

export function readRestoreJob(row: Row): RestoreJob {
  const objectsText = row.get('RestoreObjs') ?? ''
  return {
    kind: 'restore',
    ...readJobRow<RestoreState>(row, 'Label'),
    timestamp: row.get('Timestamp') ?? '',
    objects: readRestoreObjects(objectsText),
    objectsText,
    replicationNum: row.optionalInt('ReplicationNum'),
    allowLoad: row.flag('AllowLoad'),
    metaPreparedTime: filled(row, 'MetaPreparedTime'),
    downloadFinishedTime: filled(row, 'DownloadFinishedTime'),
  }
}
