import type { PartitionSeen } from '../../planning/approval.ts'
import type { ObjectName } from '../../starrocks/ddl/index.ts'

/** One act on the target. Steps of a table run one after the other. */
export type Step =
  /** A statement. */
  | { kind: 'sql'; statement: string }
  /** A statement that may fail without harm to the copy: comments, foreign keys whose other table is not there yet. The reason is told. */
  | { kind: 'try'; statement: string; what: string }
  /** CREATE TABLE: written anew without the properties that the target calls unknown. */
  | { kind: 'create-table'; statement: string; write: (unknown: ReadonlySet<string>) => string }
  | DiscardStep
  /** Partitions that only the frontend's createPartition call makes: one value of each. */
  | { kind: 'create-partitions'; partitions: readonly string[]; values: readonly string[] }
  /** Waits until no schema change, rollup or optimize job of the table runs. */
  | { kind: 'settle'; what: 'COLUMN' | 'ROLLUP' | 'OPTIMIZE' }

/**
 * Destroys rows, or a column of them: whose they are is looked at once more right before. `partition` unset: of the whole table. `of`: the
 * partitions that it was decided about, as they were; what was made or loaded since is something else.
 */
export interface DiscardStep {
  kind: 'discard'
  statement: string
  partition?: string
  allowed: boolean
  of: readonly PartitionSeen[]
  /** Set when it goes because the source lacks it: tables of the source, none of which may be there, or have a partition of that name. */
  unlessAt?: readonly ObjectName[]
}

/** What a person reads of the steps: the statements, and calls as comments. */
export function statementsOf(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'settle') return []
    if (step.kind === 'create-partitions') {
      return step.partitions.map((name, at) => `-- createPartition ${name} by its value ${step.values[at]}`)
    }
    return [step.statement]
  })
}

/** What is to be done with one table, and why. */
export type TablePlan = {
  action: 'none' | 'create' | 'alter' | 'recreate' | 'refuse' | 'wait' | 'approve'
  /** Always set for refuse, wait, approve and recreate. */
  reason?: string
  steps: Step[]
  /** Statements that give the copy at cutover what was held back. */
  undo: string[]
  /** What waits for approval while the rest is done. */
  blocked?: { reason: string; steps: Step[] }
  /** What an approval of it has to answer. */
  question?: string
  /** Harmless things worth telling: properties left out, counters not copied. */
  notes: string[]
}

export const refusePlan = (reason: string): TablePlan => ({ action: 'refuse', reason, steps: [], undo: [], notes: [] })
export const waitPlan = (reason: string): TablePlan => ({ action: 'wait', reason, steps: [], undo: [], notes: [] })
