import type { LabReplicationJob, LabSnapshotJob } from '../model.ts'

/** How often and when a fault strikes. Without any of these it strikes at every chance until it is cleared. */
export interface FaultLimits {
  /** Strikes at most so often. */
  times?: number
  /** Lets the first so many chances pass. */
  skip?: number
  /** Strikes with this probability at each chance, from the seed of the cluster's faults. */
  probability?: number
}

/** Where a call is cut: before it acts, or after it acted and before the answer. */
export type Cut = 'before' | 'after'

/** Which backups and restores a fault is about; all of them when it says nothing. */
export interface SnapshotFaultTarget {
  job?: LabSnapshotJob['kind']
  database?: string
  label?: string
  state?: LabSnapshotJob['state']
}

/** Everything that the lab can do wrong, as data. */
export type LabFault = FaultLimits &
  (
    | { kind: 'drop-mysql'; cut: Cut | 'connect'; match?: RegExp }
    | { kind: 'delay-mysql'; ms: number; match?: RegExp }
    | { kind: 'drop-rpc'; cut: Cut; method?: string }
    | { kind: 'delay-rpc'; ms: number; method?: string }
    | { kind: 'drop-http'; cut: Cut; match?: RegExp }
    /** A statement ends with this error. */
    | { kind: 'fail-query'; error: string; match: RegExp }
    /** A statement would take so many seconds: where the session allows less, it ends with StarRocks' error. */
    | { kind: 'slow-query'; seconds: number; match: RegExp }
    /** Backends answer no queries: SELECTs give no rows. */
    | { kind: 'no-backend-queries' }
    | { kind: 'refuse-privilege'; privilege: string; user?: string }
    | { kind: 'abort-job'; error: string; table?: string; state?: LabReplicationJob['state'] }
    | { kind: 'lose-job'; table?: string }
    | { kind: 'freeze-jobs'; table?: string }
    | { kind: 'slow-jobs'; factor: number; table?: string }
    | { kind: 'fail-snapshot'; table?: string }
    /** Copies to so many replicas of each tablet fail; all of them by default. */
    | { kind: 'fail-copy'; table?: string; replicas?: number }
    | { kind: 'delay-publish'; ms: number; table?: string }
    /** Requests are refused as if the limit were reached. */
    | { kind: 'busy'; text?: string }
    /** Something happens the moment a job enters a state. */
    | { kind: 'during-job'; state: LabReplicationJob['state']; table?: string; run: (job: LabReplicationJob) => void }
    /** A node is dead for its cluster, or answers nobody although its cluster thinks it alive. By position. */
    | { kind: 'node-down'; node: number; how: 'dead' | 'unreachable' }
    | { kind: 'disk-usage'; node: number; percent: number }
    /** A frontend, by position, answers from what it knew when the fault began. */
    | { kind: 'stale-frontend'; frontend: number }
    /** The daemon passes over a backup or restore: it stays in its state. */
    | ({ kind: 'stick-snapshot' } & SnapshotFaultTarget)
    /** The work of a state takes so many times longer. */
    | ({ kind: 'slow-snapshot'; factor: number } & SnapshotFaultTarget)
    /** A tablet with rows is large: uploaded in several files, each so many real milliseconds after the one before. */
    | ({ kind: 'slow-tablet'; files: number; everyMs: number } & SnapshotFaultTarget)
    /** Tasks of a state fail: making snapshots, uploads, downloads, moves. The job does not; its tasks are sent again. */
    | ({ kind: 'fail-snapshot-task'; error: string } & SnapshotFaultTarget)
    /** Something happens the moment a backup or restore enters a state. */
    | ({ kind: 'during-snapshot'; run: (job: LabSnapshotJob) => void } & SnapshotFaultTarget)
    /** BACKUP and RESTORE are refused as if another one were being submitted. */
    | { kind: 'busy-snapshot'; text?: string; job?: LabSnapshotJob['kind']; database?: string }
    /** The record of a job that finished is gone, or another client's job has taken its place. */
    | ({ kind: 'hide-snapshot'; how: 'lost' | 'replaced' } & SnapshotFaultTarget)
    /** A leader change while files are uploaded leaves a second variant of each. */
    | ({ kind: 'stale-objects' } & SnapshotFaultTarget)
  )

export type LabFaultKind = LabFault['kind']
export type FaultOf<K extends LabFaultKind> = Extract<LabFault, { kind: K }>

/** A fault that was injected. */
export interface InjectedFault {
  readonly fault: LabFault
  /** How often it really struck. */
  readonly struck: number
  /** Ends it and undoes what it changed. */
  clear(): void
}
