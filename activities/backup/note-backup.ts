import type { Dependencies } from '../dependencies.ts'

/**
 * damaged: made, and its verification found something; incomplete: it lacks what an earlier one has; nothing: there was nothing to take.
 */
export const BACKUP_OUTCOMES = ['ok', 'damaged', 'incomplete', 'nothing', 'failed', 'cancelled'] as const

export interface BackupNote {
  policy: string
  cluster: string
  /** Empty: external catalogs. */
  database: string
  outcome: (typeof BACKUP_OUTCOMES)[number]
  seconds?: number
  /** There is no record of it in the repository, from which the worker would know it. */
  recordless?: boolean
}

/** Metrics of a backup that has ended. */
export async function noteBackup(
  { metrics, clock }: Dependencies,
  { policy, cluster, database, outcome, seconds, recordless }: BackupNote,
): Promise<void> {
  metrics.count('backups_total', { policy, outcome })
  if (outcome !== 'ok') return
  if (seconds !== undefined) metrics.duration('backup_seconds', seconds, { policy })
  if (!recordless) return
  const now = Math.floor(clock.now() / 1000)
  metrics.gauge('last_good_backup_timestamp_seconds', now, { cluster, database, policy })
}
