import type { MigrationSpec } from './migration-spec.ts'

/** Input of workflow `syncMetadata`. */
export interface SyncMetadataInput {
  spec: MigrationSpec
  /** `SPEC_FORMAT` of who has checked the spec and filled in its defaults. */
  checkedAs?: string
  /** The workflow to report to. */
  migrationId: string
  /** What an operator approved: by table (source name), the question that was answered. */
  approvals?: Record<string, string>
  /** By what the target's views are known as copies. */
  viewMarks?: string[]
  /** Set when it continues as new. */
  carried?: DifferenceProgress
}

/** How far a metadata difference has come. */
export interface DifferenceProgress {
  /** The last table that was aligned. */
  after?: string
  /** Outcomes that were reported, and those that were left out of the reports. */
  reported: number
  more: number
  aligned: number
  /** Marks of the latter that are still open; unset: not known, or too many. */
  leftOut?: string
}

/** What became of one table, view or materialized view when it was aligned. */
export interface AlignOutcome {
  /** Source name; the target's for objects that exist only there, of a whole database `database.*`. */
  table: string
  outcome:
    | 'unchanged'
    | 'created'
    | 'altered'
    | 'recreated'
    | 'dropped'
    | 'needs-approval'
    | 'refused'
    | 'waiting'
    | 'failed'
  /** For everything but unchanged and created: why, in words an operator can act on. */
  reason?: string
  /** Statements done, or for needs-approval the exact statements that would run; at most 5, each shortened to 500 characters. */
  statements: string[]
  /** Of needs-approval: what an approval has to answer. Unset: it has to be asked again first. */
  question?: string
  /** Statements that undo what was switched off on the target, e.g. dynamic partitions. No workflow runs them: `changes` lists them for whoever cuts over. */
  undo: string[]
  /** Of a view that is what the source's is, and of a database that the source has: by what it is known as a copy when the source's has changed, or is no more. */
  marks?: string[]
}

export interface DifferencePage {
  /** Source tables whose target differs or is missing, in name order, at most the limit. */
  different: string[]
  /** Pass as `after` for the next page; unset: done. */
  next?: string
  /** On the last page: over all pages of this call's snapshot. */
  counts: MetadataCounts
}

export interface MetadataCounts {
  sourceTables: number
  alignedTables: number
  differentTables: number
  targetOnlyTables: number
  refusedTables: number
}

/** Signal `metadataReport` of `migrate`. */
export interface MetadataReport {
  counts: MetadataCounts
  /** Everything but unchanged; bounded to 500, then `more`. */
  outcomes: AlignOutcome[]
  more: number
  complete: boolean
  /** With the last report, when outcomes were left out: marks of what these leave open. What is in no report and not here is settled. */
  leftOut?: string
  /** When the difference began: what changed later is for the next one. */
  startedAt?: string
  /** Set when the difference itself failed. */
  error?: string
}
