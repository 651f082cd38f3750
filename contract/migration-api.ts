import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Finding } from './findings.ts'
import type { AlignOutcome, MetadataCounts, MetadataReport } from './metadata.ts'
import type { MigrationPatch, MigrationSpec, MigrationSpecInput, StopOptions } from './migration-spec.ts'
import type { StaleCounts, TableReport } from './replication.ts'

export type MigrationState =
  | 'checking'
  | 'preparing'
  | 'syncing'
  | 'caughtUp'
  | 'pausing'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'finished'
  | 'failed'

/** Input of workflow `migrate`: the spec itself; `carried` only when it continues as new. */
export type MigrateInput = MigrationSpecInput & { carried?: unknown }

/** Counters under the names of StarRocks' own tool, and what that lacks. */
export interface MigrationStatus {
  name: string
  source: string
  target: string
  state: MigrationState
  /** Why it is not moving, when it is not. */
  reason?: string
  startedAt: string
  /** Of the last look at both clusters; unset before the first. */
  checkedAt?: string
  /** When the last complete comparison of definitions and partitions began; what was changed at the source since may be unseen. */
  definitionsCheckedAt?: string
  jobs: {
    /** The sum of the others. */
    total: number
    /** Tables that the target lacks. A definition that has to be altered is not here: `reasons` tells of those that wait. */
    ddlPending: number
    jobPending: number
    sent: number
    running: number
    finished: number
    failed: number
    /** Partitions of which the target does not tell what wrote them. No job is ever in an unknown state: one in no list is lost, and sent again. */
    unknown: number
  }
  tables: { total: number; finished: number; unfinished: number; expired: number; parked: number; refused: number }
  /** 0 to 1. */
  finishedTableRatio: number
  expiredTableRatio: number
  /**
   * 0 to 1: partitions that the target's metadata confirms, of all. Exactly 1 only when every partition of every table is confirmed, the target
   * has no others, no table is missing or parked, the definitions were compared, and the last look succeeded.
   */
  progress: number
  /** `surplus`: with rows that only the target has. */
  partitions: { total: number; lagging: number; unknown: number; surplus: number }
  bytes: { total: number; toCopy: number; copied: number; perSecond: number }
  secondsLeft?: number
  lagSeconds?: number
  slots: { limit: number; used: number }
  /** Why tables wait, with the number of tables each. */
  reasons: { reason: string; tables: number }[]
  settings: ChangedSetting[]
  findings: Finding[]
}

export interface ChangedSetting {
  cluster: string
  key: string
  from: string
  to: string
}

export interface RunningTable {
  table: string
  workflowId: string
  since: string
}

export interface ParkedTable {
  table: string
  reason: string
  attempts: number
  /** ISO time of the next try by itself; unset: waits for a person. */
  retryAt?: string
  needsApproval: boolean
  /** What would be run, when approval is needed. */
  statements: string[]
}

/** Parked tables beyond those that `parked` lists: of each only a mark is kept. */
export interface ParkedMarks {
  reason: string
  marks: string
}

export interface Change {
  at: string
  outcome: AlignOutcome['outcome']
  table: string
  reason?: string
  statements: string[]
}

export interface Changes {
  /** Newest last, bounded. */
  done: Change[]
  pending: Change[]
  /** For the operator to run on the target at cutover, in reverse order; bounded. */
  undo: { table: string; statement: string }[]
  /** Statements to undo beyond those listed; they follow from the source's definitions. */
  moreUndo: number
  counts?: MetadataCounts
}

export interface TablesRequest {
  tables: string[]
}

/** For each table: accepted, or why not. */
export interface TablesAnswer {
  accepted: string[]
  rejected: { table: string; reason: string }[]
}

export const pauseSignal = defineSignal('pause')
export const resumeSignal = defineSignal('resume')
export const stopSignal = defineSignal<[StopOptions?]>('stop')
/** Internal: a table's workflow ended. */
export const tableReportSignal = defineSignal<[TableReport]>('tableReport')
/** Internal: a metadata difference made progress or ended. */
export const metadataReportSignal = defineSignal<[MetadataReport]>('metadataReport')
/** Internal: the Schedule says that it is time for a metadata difference. */
export const metadataDueSignal = defineSignal('metadataDue')
/** Internal: start nothing new, follow what runs to its end, then end. */
export const holdSignal = defineSignal('hold')
/** Internal, to a table's workflow: the run of the migration that started it is over; report by signal when you end. */
export const reportBySignalSignal = defineSignal('reportBySignal')

export const configureUpdate = defineUpdate<MigrationSpec, [MigrationPatch]>('configure')
export const pauseTablesUpdate = defineUpdate<TablesAnswer, [TablesRequest]>('pauseTables')
export const resumeTablesUpdate = defineUpdate<TablesAnswer, [TablesRequest]>('resumeTables')
export const retryTablesUpdate = defineUpdate<TablesAnswer, [TablesRequest]>('retryTables')
export const approveUpdate = defineUpdate<TablesAnswer, [TablesRequest]>('approve')

export const statusQuery = defineQuery<MigrationStatus>('status')
export const runningQuery = defineQuery<RunningTable[]>('running')
export const parkedQuery = defineQuery<ParkedTable[]>('parked')
/** Internal: what `tables` needs to tell the states of all. */
export const parkedMarksQuery = defineQuery<ParkedMarks[]>('parkedMarks')
export const changesQuery = defineQuery<Changes>('changes')
export const specQuery = defineQuery<MigrationSpec>('spec')

/** Input of workflow `tables`: one page of per-table rows. */
export interface TablesPageInput {
  spec: MigrationSpec
  /** Unset: the migration's own workflow is asked, which keeps thousands of them out of histories. */
  running?: string[]
  parked?: ParkedTable[]
  filter?: { state?: TableRow['state']; match?: string }
  after?: string
  limit?: number
}

export interface TableRow {
  table: string
  state: 'in sync' | 'running' | 'lagging' | 'unfinished' | 'missing' | 'parked' | 'unknown'
  reason?: string
  attempts: number
  partitions: number
  laggingPartitions: number
  bytes: number
  /** Highest data version of the source and of the target's copy, text. */
  sourceVersion: string
  targetVersion: string
}

export interface TablesPage {
  rows: TableRow[]
  next?: string
  counts: StaleCounts
}
