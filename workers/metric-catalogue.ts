/** What a metric is about, in the words of `/metrics`. */
export interface MetricDescription {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  /** A gauge that is left out when it was not set for five minutes. */
  expires?: boolean
}

/** Every metric of starferry's own; names are without the prefix `starferry_`. The SDK's are beside them, as `temporal_…`. */
export const METRICS = {
  statements_total: {
    type: 'counter',
    help: 'Statements sent to a cluster, by kind and result',
    labels: ['cluster', 'kind', 'result'],
  },
  statement_seconds: {
    type: 'histogram',
    help: 'How long a cluster took to answer a statement',
    labels: ['cluster', 'kind'],
  },
  tables: {
    type: 'gauge',
    help: 'Tables of a migration at the last look, by state; running, parked, refused and paused ones are among the others, too',
    labels: ['migration', 'state'],
    expires: true,
  },
  bytes_lagging: {
    type: 'gauge',
    help: 'Bytes of partitions that are behind at the last look, as the source counts them',
    labels: ['migration'],
    expires: true,
  },
  bytes_copied_total: {
    type: 'counter',
    help: "Bytes of partitions that the target's metadata confirmed",
    labels: ['migration'],
  },
  slots: {
    type: 'gauge',
    help: 'Tables that a migration may replicate at once (limit), those that it has started (used), and those of them with a job (jobs)',
    labels: ['migration', 'kind'],
    expires: true,
  },
  jobs_sent_total: {
    type: 'counter',
    help: 'Replication jobs that a target took',
    labels: ['cluster'],
  },
  jobs_adopted_total: {
    type: 'counter',
    help: 'Replication jobs found running, sent by an attempt that died, and followed instead of sent again',
    labels: [],
  },
  step_failures_total: {
    type: 'counter',
    help: 'Steps of tables that failed, by the type of the error',
    labels: ['type'],
  },
  attempts_total: {
    type: 'counter',
    help: 'Attempts of activities, by how they ended: ok, cancelled, or the type of the error',
    labels: ['activity', 'outcome'],
  },
  attempt_seconds: {
    type: 'histogram',
    help: 'How long an attempt of an activity took',
    labels: ['activity'],
  },
  running_activities: {
    type: 'gauge',
    help: 'Activities that run in this process now',
    labels: ['activity'],
  },
  backups_total: {
    type: 'counter',
    help: 'Backups of databases that ended, by outcome: ok, damaged (verification found something), incomplete (it lacks a table that an earlier one has), nothing (there was nothing to take), failed or cancelled',
    labels: ['policy', 'outcome'],
  },
  last_good_backup_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last good backup of a database ended, as Unix time, by the repository; 0: a database of a policy that has none',
    labels: ['cluster', 'database', 'policy'],
  },
  policy_last_due_timestamp_seconds: {
    type: 'gauge',
    help: 'When a policy was due last by its schedule, paused or not, as Unix time',
    labels: ['policy'],
  },
  catalogue_read_timestamp_seconds: {
    type: 'gauge',
    help: 'When the figures of backups were read from a repository last, as Unix time; 0: never yet',
    labels: ['repository'],
  },
  backup_seconds: {
    type: 'histogram',
    help: 'How long a good backup of a database took from its start to its record, verification included',
    labels: ['policy'],
  },
  backup_bytes: {
    type: 'gauge',
    help: 'Bytes that the last good backup of a database added to the repository, by the repository',
    labels: ['cluster', 'database', 'policy'],
  },
  backup_chain_length: {
    type: 'gauge',
    help: 'Snapshots that restoring the last good backup of a database needs, by the repository',
    labels: ['cluster', 'database', 'policy'],
  },
  backup_jobs_sent_total: {
    type: 'counter',
    help: 'BACKUP statements that a cluster took',
    labels: ['cluster'],
  },
  backup_jobs_adopted_total: {
    type: 'counter',
    help: 'Backup jobs found running or done, sent by an attempt that died, and followed instead of sent again',
    labels: ['cluster'],
  },
  backup_moved_partitions_total: {
    type: 'counter',
    help: 'Partitions that were written to while a backup ran and are left to the next one',
    labels: [],
  },
  verified_total: {
    type: 'counter',
    help: 'Backups verified in a repository, by what was found: ok or failed',
    labels: ['outcome'],
  },
  last_verification_ok: {
    type: 'gauge',
    help: 'Whether the backup of a database that was verified last is whole, by the repository: 1 or 0',
    labels: ['cluster', 'database', 'policy'],
  },
  pruned_backups_total: {
    type: 'counter',
    help: 'Backups that retention deleted',
    labels: ['repository'],
  },
  pruned_bytes_total: {
    type: 'counter',
    help: 'Bytes of the snapshots that retention deleted',
    labels: ['repository'],
  },
  restores_total: {
    type: 'counter',
    help: 'Restores that ended, by outcome: ok, failed or cancelled',
    labels: ['outcome'],
  },
  restore_seconds: {
    type: 'histogram',
    help: 'How long a restore took from its start to its end, waiting to be published included',
    labels: [],
  },
} as const satisfies Record<string, MetricDescription>
