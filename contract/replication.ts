import type { Finding } from './findings.ts'
import type { AlignOutcome } from './metadata.ts'
import type { MigrationSpec } from './migration-spec.ts'

/** Input of workflow `replicateTable`. */
export interface ReplicateTableInput {
  spec: MigrationSpec
  migrationId: string
  /** Source name, `db.table`. */
  table: string
  /** The question that an operator approved: to reset or recreate what starferry did not write. */
  approval?: string
  /** Failed attempts after which the table is given back to be parked; 1 when it was parked before. */
  parkAfter: number
  /** Column changes of the source up to this one (id of its job) were there before the migration. */
  changesBefore?: string
  /** Its search attributes tell already that it runs. */
  attributesSet?: boolean
  /** And restores into the source up to this one. */
  restoresBefore?: string
  /** Set when it continues as new. */
  carried?: TableProgress
}

/** What a table's workflow knows of its own work so far. */
export interface TableProgress {
  step: number
  failures: number
  /** Jobs that were aborted or lost, in all; they are sent again. */
  jobsFailed: number
  jobsSent: number
  partitions: number
  bytes: number
  version: string
  /** Report by signal, because the migration's present run is not the one that waits for the result. */
  reportBySignal: boolean
  changes: AlignOutcome[]
  memory?: string
  intents?: CopyIntent[]
  schema?: string
  restore?: string
}

/** What a job is to bring to a target whose metadata does not remember lineage; believed once the target calls the job committed. */
export interface CopyIntent {
  jobId: string
  /** As the memory would be after it. */
  memory: string
}

/** Input of activity `replicate`: one step of a table, whose attempts are one send each. */
export interface ReplicateStepInput {
  spec: MigrationSpec
  table: string
  /** Pure function of the workflow's run and step; the activity appends its attempt. */
  jobPrefix: string
  /** The question that an operator approved. */
  approval?: string
  /** For targets whose metadata does not remember lineage: what the former step returned; unset: not read yet. */
  memory?: string
  /** Of former steps that ended before they knew what became of their jobs. */
  intents?: CopyIntent[]
  /** The state of the source's columns that the copy is known to be made under; unset: not known in this run. */
  schema?: string
  /** Column changes of the source up to this one (id of its job) were there before the migration; unset: not known. */
  changesBefore?: string
  /** The last restore into the source's database (id of its job) that what was copied so far knows of; unset: not known in this run. */
  restore?: string
  /** Restores into the source up to this one were there before the migration; unset: not known. */
  restoresBefore?: string
}

export interface ReplicateStepResult {
  /** Nothing lags any more, more jobs are needed, nothing new was sent because the step was told to stop, or the source has no such table. */
  state: 'in-sync' | 'more' | 'stopped' | 'gone'
  jobsSent: number
  /** Partitions confirmed by the target's metadata in this step. */
  partitions: number
  /** Partitions of the table, and those that still lag. */
  totalPartitions: number
  laggingPartitions: number
  bytes: number
  /** Highest confirmed source version, text. */
  version: string
  /** For targets whose metadata does not remember lineage: compressed text, bounded. */
  memory?: string
  /** Of a step that was told to stop before it knew what became of its jobs. */
  intents?: CopyIntent[]
  /** The state of the source's columns that everything on the target was copied under. */
  schema?: string
  /** The last restore into the source's database (id of its job) that everything on the target knows of; unset: the source does not tell. */
  restore?: string
  /** Partitions that were emptied to be copied anew, because columns of the source were replaced, or its partitions restored. */
  emptied?: { reason: string; statements: string[] }
}

/** Types of the failures of activity `replicate`. */
export const REPLICATE_ERRORS = {
  /** Metadata moved on; `details[0].align` true: the table's metadata must be aligned before the next step. */
  stale: 'Stale',
  /** A limit, another job, a full disk: waits, and never counts. */
  busy: 'Busy',
  /** The job ran and failed. */
  aborted: 'Aborted',
  /** The job was accepted and is in no list, and nothing moved. */
  lost: 'Lost',
  /** No answer from a cluster: tried again until there is one. */
  unreachable: 'Unreachable',
  /** Cannot work as it is. */
  refused: 'Refused',
  /** Would discard what starferry did not write; `details[0].statements` holds the exact statements, `question` what an approval answers. */
  needsApproval: 'NeedsApproval',
} as const

/** Those that end a step; the others are tried again within it. */
export const STEP_ENDING_ERRORS: readonly string[] = [
  REPLICATE_ERRORS.aborted,
  REPLICATE_ERRORS.lost,
  REPLICATE_ERRORS.stale,
  REPLICATE_ERRORS.refused,
  REPLICATE_ERRORS.needsApproval,
]

export interface ReplicateErrorDetails {
  /** Of `Busy`: it concerns this table alone, which gives back its slot when it takes long. */
  yields?: boolean
  align?: boolean
  statements?: string[]
  /** What an approval of the statements has to answer. */
  question?: string
  /** What the step knew of the copy; the next one need not look for it. */
  schema?: string
  /** Of what ends a step, on targets that do not remember lineage: what it knew of it, and what its jobs were to bring. */
  memory?: string
  intents?: CopyIntent[]
}

/** Result of `replicateTable`, and signal `tableReport` of `migrate`: how a table's workflow ended. */
export interface TableReport {
  table: string
  /** The cluster that it was copied to. */
  target?: string
  /** Run id of the table's workflow, so that a late report of a former run is not taken for the present one. */
  runId: string
  /**
   * `behind`: a whole round was copied, and the source went on meanwhile. `waiting`: something else holds the table (a schema change, another
   * job); it gives its slot back and is tried again soon.
   */
  outcome: 'in-sync' | 'behind' | 'waiting' | 'failed' | 'needs-approval' | 'refused' | 'stopped' | 'gone'
  reason?: string
  errorType?: string
  attempts: number
  jobsSent: number
  /** Jobs that were aborted or lost; they were sent again, unless the outcome is failed. */
  jobsFailed: number
  partitions: number
  bytes: number
  version: string
  /** For needs-approval: what would be run; bounded. */
  statements?: string[]
  /** For needs-approval: what an approval has to answer. */
  question?: string
  /** What was changed on the target's metadata on the way; bounded. */
  changes?: AlignOutcome[]
  /** Lineage of the copy where the target's metadata does not keep it. */
  memory?: string
  /** And what jobs were to bring of which it is not known; the next round finds out. */
  intents?: CopyIntent[]
  /** The state of the source's columns that the copy was made under. */
  schema?: string
  /** The last restore into the source's database that the copy knows of. */
  restore?: string
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

/** The change that the target lacks for longest; told to the next look, so that it is remembered whichever worker makes that. */
export interface OldestLag {
  table: string
  /** Its version (text) on this source partition, as it was first seen missing; unset: the table as a whole. */
  partition?: string
  version?: string
  /** ISO time since when it is missing. */
  since: string
}

export interface StaleInput {
  spec: MigrationSpec
  /** Tables not to list: they run (`running` of them, first), are parked, or paused. */
  skip: string[]
  /** Marks of tables that are parked beyond those; not to be listed either. */
  skipMarks?: string[]
  /** Tables to list at most, most urgent first. */
  limit: number
  /** Tables whose workflows run: so many of `skip`, from its beginning. */
  running?: number
  /** Tables by what else becomes of them (parked, refused, paused); for metrics. */
  states?: Record<string, number>
  /** Seconds to wait before the look; polling belongs into activities. */
  delay?: number
  /** List databases and tables anew for the first look: what it finds decides whether anything is left to do. */
  fresh?: boolean
  /** Of the last look. */
  oldestLag?: OldestLag
  /**
   * Whether the last look failed: then the status knows already, and there is more time for the next one to succeed. Set by whoever understands
   * `failed` in the result; for others a look that fails is a failure.
   */
  failing?: boolean
  /** Look again every `spec.intervals.stale` until something is listed, for so many seconds at most. */
  wait?: number
}

export interface StaleResult {
  stale: StaleTable[]
  counts: StaleCounts
  /** Tables that the target replicates at once at most: its replication_max_parallel_table_count. */
  slots: number
  /** Jobs of this migration that the target has taken and not begun. */
  sent: number
  /** Jobs of this migration that run on the target. */
  jobsRunning?: number
  /** Started tables without a job on the target, by what they wait for. */
  waiting?: { reason: string; tables: number }[]
  /** What a look cannot see on these clusters. */
  blind?: Finding[]
  oldestLag?: OldestLag
  /** Both clusters could not be looked at: everything else here says nothing, and the figures of the look before are the latest. */
  failed?: { since: string; reason: string }
  /** The last change of columns that the source lists for any database (id of its job, text); '0': none. */
  lastChange?: string
  /** And the last restore; '0': none. */
  lastRestore?: string
  /** ISO time of the look. */
  checkedAt: string
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
  /** Partitions with rows that the target has and the source has not (any more), and the tables that they are of. */
  surplusPartitions?: number
  surplusTables?: number
  /** Tables that do not lag as far as it is known, and have partitions of which it is not. */
  unknownTables?: number
  totalBytes: number
  laggingBytes: number
  /** Source tables that have no table on the target yet. */
  missingTables: number
  /** Those of them that are neither parked, paused nor running: a metadata difference has to make them. Unset: of a version that did not count them. */
  unparkedMissingTables?: number
  /** Seconds since the oldest change at the source that the target lacks was first seen; unset when nothing lags. */
  lagSeconds?: number
}
