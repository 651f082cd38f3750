import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { Finding } from '../findings.ts'
import type { BackupSpec, BackupSpecInput, PolicySpec, PolicySpecInput } from './policy.ts'

/** Input of workflow type `backupSet`: one backup of everything that a policy, or a spec given once, names. */
export interface BackupSetInput {
  spec: BackupSpec | PolicySpec
  /** auto: full where one is due, by `spec.full`. */
  kind?: 'auto' | 'full' | 'incremental'
}

/** Input of workflow type `backup`: one database, or external catalogs. */
export interface BackupInput {
  spec: BackupSpec
  /** Of the set; also for a backup started alone. */
  set: string
  /** Empty: the external catalogs of the spec. */
  database: string
  kind: 'auto' | 'full' | 'incremental'
  /** ISO: when its set was due. Days of partition filters are counted from it, whenever its turn comes; its own start unless given. */
  due?: string
}

/** Where a backup of several snapshots stands: names are handled in order, so the last one says it all. */
export interface BackupCursor {
  /** Kind and name of the last object that is in a snapshot, and the last of its partitions. */
  after?: { kind: 'table' | 'materializedView' | 'view' | 'function'; name: string; partition?: string }
  /** Labels of this backup so far. */
  labels: string[]
  /** All has had its turn; what comes now are tables that were made meanwhile. */
  late?: boolean
}

export const BACKUP_STATES = [
  'PENDING',
  'SNAPSHOTING',
  'UPLOAD_SNAPSHOT',
  'UPLOADING',
  'SAVE_META',
  'UPLOAD_INFO',
  'FINISHED',
  'CANCELLED',
] as const
export const RESTORE_STATES = [
  'PENDING',
  'SNAPSHOTING',
  'DOWNLOAD',
  'DOWNLOADING',
  'COMMIT',
  'COMMITTING',
  'FINISHED',
  'CANCELLED',
] as const

/** A job of StarRocks as an activity follows it; also what the heartbeat tells. */
export interface JobProgress {
  label: string
  database: string
  /** Of StarRocks; empty while nothing has been sent. */
  state: string
  tasksDone?: number
  tasksTotal?: number
  /** Tablets, of tasks that have told of theirs: backends report whole ones. */
  filesDone?: number
  filesTotal?: number
  bytes?: number
  /** Bytes per second. */
  rate?: number
  secondsLeft?: number
  /** What is done when no job runs. */
  doing?: string
  /** Why it does not go on, and whose job it waits for. */
  waiting?: string
  /** Tasks that fail, without failing the job. */
  problems?: string[]
}

export interface BackupResult {
  /** Of the record; empty when there was nothing to back up. */
  id: string
  database: string
  kind: 'full' | 'differential' | 'incremental' | 'catalogs' | 'nothing'
  labels: string[]
  baseline?: string
  tables: number
  partitions: number
  /** In the repository; absent where that cannot be read. */
  bytes?: number
  seconds: number
  attempts: number
  verified?: 'ok' | 'failed' | 'skipped'
  /** Length of the chain that restoring it needs, itself included. */
  chain: number
  warnings: string[]
  /** Objects of the database that are in none of its snapshots. */
  notIncluded: number
  /** Tables and the like of which it has nothing, although an earlier backup has: it is no good backup of them. Bounded. */
  lacking?: string[]
  /** What else no snapshot holds: users, grants, routine loads and the like. `backup show` names both. */
  besides?: number
}

/** Input of workflow type `backupPlan`: what a backup would do now; changes nothing. */
export interface BackupPlanInput {
  spec: BackupSpecInput | PolicySpecInput
  kind?: BackupSetInput['kind']
  /** The page after this database. */
  after?: string
}

export interface BackupPlan {
  /** Of the first page only. */
  findings: Finding[]
  databases: PlannedBackup[]
  next?: string
}

export interface PlannedBackup {
  /** Empty: external catalogs. */
  database: string
  kind: BackupResult['kind']
  /** Why this kind: no baseline, a full one is due, … */
  why: string
  baseline?: string
  tables: number
  partitions: number
  bytes: number
  /** Tables that an incremental backup takes whole, bounded. */
  whole: { table: string; why: string }[]
  /** In order; the label's last part is made when it is sent. Long ones are cut, and say so. */
  statements: string[]
  notIncluded: { object: string; reason: string }[]
  warnings: string[]
}

export interface FailedBackup {
  database: string
  reason: string
}

export interface BackupSetStatus {
  name: string
  cluster: string
  repository: string
  state:
    | 'checking'
    | 'running'
    | 'pausing'
    | 'verifying'
    | 'retention'
    | 'finished'
    | 'failed'
    | 'cancelling'
    | 'cancelled'
  total: number
  done: number
  running: string[]
  failed: FailedBackup[]
  bytes: number
  warnings: string[]
  startedAt: string
  findings: Finding[]
}

/** Result of backupSet. `ok` when no database failed. */
export interface BackupSetResult {
  ok: boolean
  set: string
  databases: number
  backups: Pick<BackupResult, 'id' | 'database' | 'kind' | 'bytes' | 'verified' | 'chain' | 'notIncluded' | 'besides'>[]
  /** Beyond those listed; the list is bounded. */
  more: number
  failed: FailedBackup[]
  warnings: string[]
  bytes: number
  seconds: number
  pruned?: { backups: number; bytes: number; kept: number }
}

export const backupStatusQuery = defineQuery<BackupSetStatus>('status')
/** Of a `backup` workflow: what its job does now. Bytes and files come from the activity's heartbeat, which clients read by describing the workflow. */
export const backupJobQuery = defineQuery<{
  database: string
  kind?: string
  labels: string[]
  step: string
  attempt: number
  waiting?: string
}>('job')

/** Error types of backup and restore activities, beside those of REPLICATE_ERRORS. */
export const BACKUP_ERRORS = {
  /** Another job runs in the database, or the cluster asks to wait: tried again without end, benign. */
  busy: 'Busy',
  unreachable: 'Unreachable',
  /** This attempt's job failed or stalled; the next attempt has a new label. Counted. */
  aborted: 'Aborted',
  /** What was planned is no longer so: a table or partition is gone. Planned anew. */
  stale: 'Stale',
  /** Cannot work as it is. Not retryable. */
  refused: 'Refused',
  /** Found to be damaged or incomplete. Not retryable. */
  corrupt: 'Corrupt',
  cancelledByUser: 'CancelledOnCluster',
} as const

/** Someone wants this backup or restore cancelled, the job on the cluster included. Cancelling the workflow does the same. */
export const cancelSignal = defineSignal('cancel')

/** A backup tells its set that the cluster has nothing more to do for it: the next database can have its turn while this one is verified. */
export const snapshotsDoneSignal = defineSignal<[string]>('snapshotsDone')
