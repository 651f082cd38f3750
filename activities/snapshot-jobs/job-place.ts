import type { BackupJob } from '../../starrocks/backup/show-backups.ts'
import type { RestoreJob } from '../../starrocks/backup/show-restores.ts'

export type SnapshotJobKind = 'backup' | 'restore'

/** A row of SHOW BACKUP or SHOW RESTORE. */
export type SnapshotJob = BackupJob | RestoreJob

/** Whose jobs: those of a database by its present name, or those of external catalogs, of which the cluster has one at a time. */
export type JobPlace = { database: string } | { catalogs: true }

export const placeName = (place: JobPlace) => ('database' in place ? place.database : 'external catalogs')

/** What a policy and a workflow call it: a database's name, empty for external catalogs. */
export const placeOf = (database: string): JobPlace => (database === '' ? { catalogs: true } : { database })

/** `backup sf_shop_2026…` (UPLOADING), for sentences. */
export function describeJob(job: SnapshotJob): string {
  return `${job.kind} ${job.label} (${job.state})`
}
