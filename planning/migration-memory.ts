import type { Finding } from '../contract/findings.ts'
import type { AlignOutcome, MetadataCounts, MetadataReport } from '../contract/metadata.ts'
import type { Change, ChangedSetting, MigrationState } from '../contract/migration-api.ts'
import type { MigrationSpec, StopOptions } from '../contract/migration-spec.ts'
import type { OldestLag, StaleCounts } from '../contract/replication.ts'
import { SPEC_FORMAT } from '../contract/spec-format.ts'
import type { RateSample } from './copy-rate.ts'
import { keepStuck, listOrMark, markMatcher, type ParkedGroup, unmark } from './parked-groups.ts'
import { type Parked, parkSeconds, stillApproved } from './parking.ts'

/** A table whose workflow runs. */
export interface RunningEntry {
  sinceMs: number
  /** First run of its workflow; unset while it is being started, or when it was found running. */
  runId?: string
}

/** What a migration remembers, and takes along when it continues as new. Bounded, whatever the number of tables. */
export interface MigrationMemory {
  spec: MigrationSpec
  /** `SPEC_FORMAT` of the version that checked it. */
  checkedAs?: string
  state: MigrationState
  startedAtMs: number
  paused: boolean
  stop?: StopOptions
  /** Settings are leased and the Schedule exists: both have to be undone at the end. */
  prepared: boolean
  /** A whole metadata difference has been through since the start. */
  metadataComplete: boolean
  /** One-time: the last difference before the end was asked for. */
  finalDifference: boolean
  slots: number
  /** Jobs that the target had taken and not begun, at the last look. */
  sent: number
  /** Jobs that ran on the target at the last look; unset: a former version did not ask. */
  jobsRunning?: number
  /** Why started tables have no job, at the last look. */
  waiting?: { reason: string; tables: number }[]
  /** When the last whole difference of the definitions began. */
  definitionsCheckedAt?: string
  /** What the looks cannot see. */
  blind?: Finding[]
  /** The longest waiting change of the last look. */
  oldestLag?: OldestLag
  /** The last change of columns at the source when it was first looked at. */
  changesBefore?: string
  /** And the last restore. */
  restoresBefore?: string
  checkedAt?: string
  counts?: StaleCounts
  metadata?: MetadataCounts
  metadataError?: string
  /** Why there is no Schedule, or an old one. */
  scheduleError?: string
  lookError?: string
  /** Why it is about to fail, while what it started comes to its end. */
  failure?: string
  /** Since when a metadata difference of this migration runs, in milliseconds; unset: none does. */
  differenceSinceMs?: number
  /** Nothing told so far that the last metadata difference that was begun came to its end: held, failed, or still running. */
  differenceUnfinished?: boolean
  /** When the migration starts the next metadata difference by itself, in milliseconds. */
  differenceAtMs?: number
  /** Tables that the present metadata difference could not align. */
  metadataStuck: string[]
  /** How many the present metadata difference had to leave for later, and how many the last whole one had. */
  metadataWaiting?: number
  waitingDefinitions?: number
  running: Record<string, RunningEntry>
  parked: Record<string, Parked>
  /** Those beyond the listed ones. */
  parkedMore?: ParkedGroup[]
  /** Paused by an operator. */
  heldTables: string[]
  findings: Finding[]
  settings: ChangedSetting[]
  changes: Change[]
  pending: Change[]
  /** By what the target's views are known as copies. */
  viewMarks?: string[]
  undo: { table: string; statement: string }[]
  moreUndo: number
  totals: { jobsSent: number; finished: number; failed: number; bytes: number }
  samples: RateSample[]
}

export function newMemory(spec: MigrationSpec, nowMs: number): MigrationMemory {
  return {
    spec,
    checkedAs: SPEC_FORMAT,
    state: 'checking',
    startedAtMs: nowMs,
    paused: false,
    prepared: false,
    metadataComplete: false,
    finalDifference: false,
    metadataStuck: [],
    slots: 1,
    sent: 0,
    running: {},
    parked: {},
    heldTables: [],
    findings: [],
    settings: [],
    changes: [],
    pending: [],
    undo: [],
    moreUndo: 0,
    totals: { jobsSent: 0, finished: 0, failed: 0, bytes: 0 },
    samples: [],
  }
}

const MOST_CHANGES = 200
const MOST_PENDING = 200
const MOST_UNDO = 300

/** Notes what was done to the target's metadata. */
export function noteChanges(memory: MigrationMemory, outcomes: readonly AlignOutcome[], at: string): void {
  for (const { table, outcome, reason, statements, undo } of outcomes) {
    const change: Change = { at, outcome, table, ...(reason ? { reason } : {}), statements: statements.slice(0, 5) }
    const done = DONE.has(outcome)
    memory.pending = memory.pending.filter((one) => one.table !== table)
    if (done) memory.changes = [...memory.changes, change].slice(-MOST_CHANGES)
    else if (outcome !== 'unchanged') memory.pending = [...memory.pending, change].slice(-MOST_PENDING)
    for (const statement of undo) {
      if (memory.undo.some((one) => one.statement === statement)) continue
      if (memory.undo.length < MOST_UNDO) memory.undo.push({ table, statement })
      else memory.moreUndo++
    }
  }
}

const DONE: ReadonlySet<AlignOutcome['outcome']> = new Set(['created', 'altered', 'recreated', 'dropped'])

/** Takes in what a metadata difference reports: counts, changes, and tables that it cannot align. */
export function noteMetadata(
  memory: MigrationMemory,
  report: MetadataReport,
  nowMs: number,
  {
    waitingIsOpen = true,
    errorIsKept = true,
    leftOutIsTold = true,
  }: {
    /** What has to wait is open, too; runs of former versions forgot it. */
    waitingIsOpen?: boolean
    /** What the failed difference would have found nobody knows before one was through; runs of former versions believed the first batch. */
    errorIsKept?: boolean
    /** What was left out of the reports is told by marks; for runs of former versions nothing was settled then. */
    leftOutIsTold?: boolean
  } = {},
): void {
  memory.metadata = report.counts
  if (report.error !== undefined || report.complete || !errorIsKept) memory.metadataError = report.error
  const at = new Date(nowMs).toISOString()
  noteChanges(memory, report.outcomes, at)
  noteViews(memory, report.outcomes)
  for (const one of report.outcomes) {
    const { table, outcome } = one
    const known = memory.parked[table]
    // What was approved and has to wait a little is approved still.
    const waits = outcome === 'waiting' && known?.approved !== undefined
    if (outcome === 'waiting' && !waits && waitingIsOpen) {
      memory.metadataWaiting = (memory.metadataWaiting ?? 0) + 1
      // Nothing of what it is parked for is settled by that.
      if (known?.byMetadata) memory.metadataStuck.push(table)
      continue
    }
    const stuck = outcome === 'needs-approval' || outcome === 'refused' || outcome === 'failed' || waits
    if (stuck) memory.metadataStuck.push(table)
    else {
      if (known?.byMetadata) delete memory.parked[table]
      if (!known) unmark(memory, table)
      continue
    }
    if (known && !known.byMetadata) continue
    listOrMark(memory, table, parkedByMetadata(memory.spec, known, one, nowMs), nowMs)
  }
  if (!report.complete) return
  memory.metadataComplete = true
  memory.differenceUnfinished = undefined
  memory.waitingDefinitions = memory.metadataWaiting
  memory.metadataWaiting = undefined
  memory.definitionsCheckedAt = report.startedAt ?? at
  const leftOut = leftOutIsTold ? report.leftOut : undefined
  if (report.more === 0 || leftOut !== undefined) {
    const stuck = new Set(memory.metadataStuck)
    const isLeftOut = markMatcher(leftOut ? [leftOut] : [])
    for (const [table, one] of Object.entries(memory.parked)) {
      if (one.byMetadata && !stuck.has(table) && !isLeftOut(table)) delete memory.parked[table]
    }
    keepStuck(memory, stuck, leftOut)
  }
  memory.metadataStuck = []
}

/** The oldest are forgotten first: of those somebody is asked. Some ten characters each, which is small enough to be carried along. */
const MOST_VIEWS = 3000

function noteViews(memory: MigrationMemory, outcomes: readonly AlignOutcome[]): void {
  const marks = outcomes.flatMap((outcome) => outcome.marks ?? [])
  if (marks.length > 0) memory.viewMarks = [...new Set([...(memory.viewMarks ?? []), ...marks])].slice(-MOST_VIEWS)
}

function parkedByMetadata(
  { oneTime, parkAfter, intervals }: MigrationSpec,
  known: Parked | undefined,
  { outcome, reason, statements, question }: AlignOutcome,
  nowMs: number,
): Parked {
  const times = (known?.times ?? 0) + 1
  const failed = outcome === 'failed'
  // A migration that follows has its Schedule. One that is to end has to try by itself, and to give up some time.
  const hopeless = oneTime && failed && times >= Math.max(parkAfter, 2)
  const again = oneTime && !hopeless && (failed || outcome === 'waiting')
  const why = reason ?? outcome
  return {
    reason: hopeless ? `given up after ${times} attempts: ${why}` : why,
    attempts: (known?.attempts ?? 0) + 1,
    times,
    needsApproval: outcome === 'needs-approval',
    refused: outcome === 'refused' || hopeless,
    statements: outcome === 'needs-approval' ? statements : [],
    ...(question === undefined ? {} : { question }),
    ...stillApproved(known, question),
    byMetadata: true,
    ...(again ? { alignAt: nowMs + parkSeconds(intervals.park, times) * 1000 } : {}),
  }
}
