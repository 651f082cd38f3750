import type { MigrationSpec } from './migration-spec.ts'

/** Input of workflow `replicateTable`. */
export interface ReplicateTableInput {
  spec: MigrationSpec
  migrationId: string
  /** Source name, `db.table`. */
  table: string
  /** An operator approved to reset or recreate what starferry did not write. */
  approved: boolean
  paused: boolean
}

/** Input of activity `replicate`: one step of a table, whose attempts are one send each. */
export interface ReplicateStepInput {
  spec: MigrationSpec
  table: string
  /** Pure function of the workflow's run and step; the activity appends its attempt. */
  jobPrefix: string
  approved: boolean
}

export interface ReplicateStepResult {
  /** Nothing lags any more, more jobs are needed, or nothing new was sent because the step was told to stop. */
  state: 'in-sync' | 'more' | 'stopped'
  jobsSent: number
  /** Partitions confirmed by the target's metadata in this step. */
  partitions: number
  /** Partitions of the table, and those that still lag. */
  totalPartitions: number
  laggingPartitions: number
  bytes: number
  /** Highest confirmed source version, text. */
  version: string
}

/** Signal `tableReport` of `migrate`: how a table's workflow ended. */
export interface TableReport {
  table: string
  /** Run id of the table's workflow, so that a late report of a former run is not taken for the present one. */
  runId: string
  outcome: 'in-sync' | 'failed' | 'needs-approval' | 'refused' | 'stopped' | 'gone'
  reason?: string
  errorType?: string
  attempts: number
  jobsSent: number
  partitions: number
  bytes: number
  version: string
}

/** A table that lags, as `findStale` lists it. */
export interface StaleTable {
  table: string
  laggingPartitions: number
  /** Of lagging partitions, estimated from the source. */
  bytes: number
  /** Never copied yet. */
  unfinished: boolean
}

export interface StaleInput {
  spec: MigrationSpec
  /** Tables not to list: they run or are parked. */
  skip: string[]
  /** Tables to list at most, most urgent first. */
  limit: number
}

export interface StaleResult {
  stale: StaleTable[]
  counts: StaleCounts
}

export interface StaleCounts {
  tables: number
  /** Copied at least once. */
  finishedTables: number
  /** Behind the source now (finished or not). */
  expiredTables: number
  partitions: number
  laggingPartitions: number
  /** Partitions whose state the metadata cannot tell. */
  unknownPartitions: number
  totalBytes: number
  laggingBytes: number
  /** Source tables that have no table on the target yet. */
  missingTables: number
  /** Seconds since the oldest change on the source that the target lacks; unset when nothing lags or the source does not tell. */
  lagSeconds?: number
}
