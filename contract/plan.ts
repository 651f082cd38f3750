import type { Finding } from './findings.ts'
import type { MigrationSpecInput } from './migration-spec.ts'

/** What would happen to one table, view or materialized view. */
export interface PlanItem {
  /** Source name, `db.table`; the target's for objects that exist only there. */
  object: string
  /** Target name where it differs. */
  targetName?: string
  kind: 'database' | 'table' | 'view' | 'materialized view' | 'partition' | 'setting'
  action: 'create' | 'alter' | 'recreate' | 'drop' | 'replicate' | 'refuse' | 'set' | 'keep'
  /** Why; for drop, recreate and refuse always set. */
  reason?: string
  /** The SQL that would be run, in order: all of it with `sql`, else some, shortened when long. */
  statements?: string[]
  /** Goes on with more statements of the item before, or in the middle of its last one. Everything else was told there. */
  continued?: 'statements' | 'statement'
  /** True when it destroys what starferry did not write and the spec does not allow it: nothing happens until approved. */
  needsApproval?: boolean
  partitions?: number
  bytes?: number
}

export interface PlanTotals {
  tables: number
  create: number
  alter: number
  recreate: number
  drop: number
  refuse: number
  replicateTables: number
  replicatePartitions: number
  replicateBytes: number
  needsApproval: number
}

export interface PlanInput {
  spec: MigrationSpecInput
  /** Page: continue after this object. */
  after?: string
  /** Items of this page at most. */
  limit?: number
  /** Every statement, and each whole. */
  sql?: boolean
}

export interface PlanPage {
  items: PlanItem[]
  /** Set on the last page only. */
  totals: PlanTotals
  /** Continue with `after`. */
  next?: string
  findings: Finding[]
}
