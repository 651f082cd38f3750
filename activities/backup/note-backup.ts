import type { Dependencies } from '../dependencies.ts'

export interface BackupNote {
  policy: string
  cluster: string
  /** Empty: external catalogs. */
  database: string
  /**
   * damaged: made, and its verification found something; incomplete: it lacks what an earlier one has; nothing: there was nothing to take.
   */
  outcome: 'ok' | 'damaged' | 'incomplete' | 'nothing' | 'failed' | 'cancelled'
  seconds?: number
  /** In the repository. */
  bytes?: number
  /** Snapshots that restoring it needs. */
  chain?: number
}

/** Metrics of a backup that has ended. */
export async function noteBackup(
  { metrics, clock }: Dependencies,
  { policy, cluster, database, outcome, seconds, bytes, chain }: BackupNote,
): Promise<void> {
  metrics.count('backups_total', { policy, outcome })
  if (outcome !== 'ok') return
  const labels = { cluster, database, policy }
  metrics.gauge('last_good_backup_timestamp_seconds', Math.floor(clock.now() / 1000), labels)
  if (seconds !== undefined) metrics.duration('backup_seconds', seconds, { policy })
  if (bytes !== undefined) metrics.gauge('backup_bytes', bytes, labels)
  if (chain !== undefined) metrics.gauge('backup_chain_length', chain, labels)
}
