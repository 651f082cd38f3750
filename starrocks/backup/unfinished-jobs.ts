import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from '../show/queryable.ts'
import { isJobOver } from './job-row.ts'
import { type BackupJob, showBackups } from './show-backups.ts'
import { type RestoreJob, showRestores } from './show-restores.ts'

/**
 * Backups and restores that have not ended: of the database, or of all; the external catalogs' job is among them with either. One database
 * runs one of them at a time. A user without EXPORT on every table of every backup is shown none of the backups.
 */
export async function unfinishedJobs(
  cluster: Queryable,
  database?: string,
  options?: StatementOptions,
): Promise<(BackupJob | RestoreJob)[]> {
  const [backups, restores] = await Promise.all([
    showBackups(cluster, database, options),
    showRestores(cluster, database, options),
  ])
  return [...backups, ...restores].filter((job) => !isJobOver(job))
}
