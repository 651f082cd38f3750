import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from '../show/queryable.ts'
import { type JobObject, readBackupObjects } from './job-objects.ts'
import { filled, type JobRow, readJobRow } from './job-row.ts'
import { showJobsStatement } from './job-statements.ts'

export type BackupState =
  | 'PENDING'
  | 'SNAPSHOTING'
  | 'UPLOAD_SNAPSHOT'
  | 'UPLOADING'
  | 'SAVE_META'
  | 'UPLOAD_INFO'
  | 'FINISHED'
  | 'CANCELLED'

export interface BackupJob extends JobRow<BackupState> {
  kind: 'backup'
  objects: JobObject[]
  /** BackupObjs as printed. */
  objectsText: string
  uploadFinishedTime?: string
}

/**
 * SHOW BACKUP [FROM db]: the last job of the database (of each one without a name), and the last one of external catalogs, if any.
 *
 * No row does not mean that there was no job: it has gone when a later backup or restore took its place, after seven days, with its database,
 * and nothing at all is shown to a user who lacks EXPORT on a table of any of these jobs. Whether a backup is there, its repository knows.
 * Needs REPOSITORY on SYSTEM. Errors: `NotFound` for an unknown database.
 */
export async function showBackups(
  cluster: Queryable,
  database?: string,
  options?: StatementOptions,
): Promise<BackupJob[]> {
  const { rows } = await cluster.query(showJobsStatement('backup', database), options)
  return rows.map(readBackupJob)
}

/**
 * The row of one database's job. Asked for by its present name, the job of a renamed database comes under its former one, so whatever is not
 * the catalogs' row belongs to it.
 */
export async function showBackupOf(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<BackupJob | undefined> {
  return (await showBackups(cluster, database, options)).find((job) => job.database !== '')
}

/** The row of the external catalogs' job: its database is empty. */
export async function showCatalogBackup(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<BackupJob | undefined> {
  return (await showBackups(cluster, undefined, options)).find((job) => job.database === '')
}

export function readBackupJob(row: Row): BackupJob {
  const job = readJobRow<BackupState>(row, 'SnapshotName')
  const objectsText = row.get('BackupObjs') ?? ''
  return {
    kind: 'backup',
    ...job,
    objects: readBackupObjects(objectsText, job.database),
    objectsText,
    uploadFinishedTime: filled(row, 'UploadFinishedTime'),
  }
}
