import type { Rule } from './rule.ts'

const soon = 2_000
const later = 10_000

/** What startTableReplication answers (LeaderImpl, ReplicationMgr, ReplicationJob): it has one error code, so only texts tell them apart. */
export const replicationRules: readonly Rule[] = [
  { text: /^No data need to replicate/, kind: 'NothingToReplicate' },
  {
    text: /Target (visible|data) version: \d+ is larger than source (visible|data) version: \d+/,
    kind: 'TargetAhead',
    remedy:
      'The target partition was written to, or the source partition was made anew: reset the target partition before replicating',
  },
  {
    text: /Replication job of table \d+ is already running/,
    kind: 'Busy',
    retryAfterMs: later,
    remedy: 'Wait for the running job of this table',
  },
  { text: /Replication job of table \d+ is being constructed/, kind: 'Busy', retryAfterMs: soon },
  {
    text: /publish version not finished/,
    kind: 'Busy',
    retryAfterMs: soon,
    remedy: 'An earlier transaction on the target partition is not visible yet',
  },
  {
    text: /exceeds?( the)? (replication_max_parallel_table_count|replication_max_parallel_replica_count|replication_max_parallel_data_size_mb)/,
    kind: 'Busy',
    names: (match) => [match[2] ?? ''],
    retryAfterMs: later,
    remedy: 'Wait for running replications, or raise this limit in the target’s frontend configuration',
  },
  { text: /^Database \d+ (not found|does not exist)/, kind: 'Stale', remedy: 'Read the target’s metadata again' },
  {
    text: /^(OLAP table|Table) \d+ (in database .* not found|does not exist)/,
    kind: 'Stale',
    remedy: 'Read the target’s metadata again',
  },
  {
    text: /in database .* is not olap table|only olap table supported/,
    kind: 'Refused',
    remedy: 'Only native tables can be replicated',
  },
  { text: /^Partition \S+ in table .* not found/, kind: 'Stale', remedy: 'Read the target’s metadata again' },
  { text: /^Index \S+ in partition .* not found/, kind: 'Stale', remedy: 'Read the target’s metadata again' },
  { text: /^Tablet \S+ in index .* not found/, kind: 'Stale', remedy: 'Read the target’s metadata again' },
  {
    text: /dbId=\S+ tableId=\S+ is not exists|^db not exist|^table .* not exist$/i,
    kind: 'Stale',
    remedy: 'Read the target’s metadata again',
  },
  {
    text: /state is not NORMAL: (SCHEMA_CHANGE|ROLLUP|OPTIMIZE|RESTORE|UPDATING_META)/,
    kind: 'Busy',
    retryAfterMs: later,
    remedy: 'Another change of this table is running',
  },
  { text: /state is not NORMAL/, kind: 'Busy', retryAfterMs: later },
  {
    text: /Cannot write RESTORE state table/,
    kind: 'Busy',
    retryAfterMs: later,
    remedy: 'The table is being restored',
  },
  { text: /Leader work admission is closed|leader (is )?transferr(ed|ing)/i, kind: 'NotLeader', retryAfterMs: soon },
  {
    text: /forward request to fe (master|leader) failed/i,
    kind: 'NotLeader',
    retryAfterMs: soon,
    remedy: 'Find the leader again',
  },
  { text: /^\/ by zero$/, kind: 'Busy', retryAfterMs: later, remedy: 'A target tablet has no replica at the moment' },
  {
    text: /Source cluster partition id: -?\d+ is invalid/,
    kind: 'Refused',
    remedy: 'The request lacks the physical partition id of the source',
  },
  {
    text: /Source storage volume not found: (.+)|Unknown src storage volume while creating virtual tablet: (.+)/,
    kind: 'Refused',
    names: (match) => [(match[1] ?? match[2] ?? '').trim()],
    remedy: 'Create this storage volume on the target; it must point at the source’s bucket',
  },
  { text: /request\.partition_replication_infos" is null/, kind: 'Refused' },
  {
    text: /Invalid method name: '?(\w+)'?/,
    kind: 'Unsupported',
    remedy: 'The target’s version does not have this call',
  },
  { text: /txn \d+ (is ABORTED|not exist|does not exist)/, kind: 'Stale', remedy: 'Begin a new transaction' },
  { text: /automatic create partition failed|partition_values should not null/, kind: 'Refused' },
]

/** How a job that ran says why it failed: `Error` of /replications, `Reason` of a transaction. All mean: plan again. */
export const abortRules: readonly Rule[] = [
  {
    text: /^Source snapshots is empty|^Running tasks is empty/,
    kind: 'Aborted',
    remedy:
      'The target’s nodes could not take a snapshot on the source: check that they reach the source’s be_port (9060) and be_http_port (8040), the address map, and that the version still exists',
  },
  {
    text: /content: invalid token|token is not specified|^invalid token\.?$/,
    kind: 'WrongToken',
    remedy: 'Give the source cluster’s token (file meta/image/VERSION of its frontends)',
  },
  {
    text: /data version mismatch for replication/,
    kind: 'Aborted',
    remedy: 'Somebody wrote to the target during the job; such a partition has to be reset',
  },
  {
    text: /^Commit failed\. txn: .*quorum/,
    kind: 'Aborted',
    remedy: 'Too few replicas of a tablet were copied: check the target’s backends',
  },
  { text: /has unfinished tablets/, kind: 'Aborted' },
  {
    text: /^No rows were imported from upstream/,
    kind: 'Aborted',
    remedy: 'The replication tasks failed; the text of load jobs that StarRocks shows has nothing to do with it',
  },
  {
    text: /^Transaction not found/,
    kind: 'Aborted',
    remedy: 'The frontend was restarted, or this job id was used before',
  },
  { text: /^(Table is deleted|Replication job cancelled|user cancel|timeout by txn manager)/, kind: 'Aborted' },
  {
    text: /current running txns on db .* larger than limit/,
    kind: 'Busy',
    retryAfterMs: later,
    remedy: 'Raise max_running_txn_num_per_db on the target, or wait',
  },
  { text: /disable_load_job is set to true/, kind: 'Refused', remedy: 'Set disable_load_job to false on the target' },
  {
    text: /exceeds? quota|data ?quota|quota\[/i,
    kind: 'Refused',
    remedy: 'Raise the data quota of the target database (ALTER DATABASE … SET DATA QUOTA)',
  },
  {
    text: /safe mode/i,
    kind: 'Busy',
    retryAfterMs: 60_000,
    remedy: 'The target is in safe mode: its disks are nearly full',
  },
  {
    text: /Label .* has already been used/,
    kind: 'Aborted',
    remedy: 'A job with this id ran before; the next one gets a new id',
  },
  { text: /No missing version|Mis+match(ed)? version|mismatched version/i, kind: 'Aborted' },
  { text: /Disk reach capacity limit/, kind: 'Aborted', remedy: 'Free disk space on the target’s backends' },
  { text: /Failed to (parse remote snapshot header file|get source schema|make remote snapshot)/, kind: 'Aborted' },
  {
    text: /Unsupported snapshot format version/,
    kind: 'Refused',
    remedy: 'The versions of source and target are too far apart',
  },
  { text: /Transaction is aborted/, kind: 'Aborted' },
]

/** 3.1 and 3.3 complain so after a rollback that has taken effect: only a real load has an attachment. */
export function isComplaintAfterRollback(text: string): boolean {
  return text.includes('"request.txnCommitAttachment" is null')
}
