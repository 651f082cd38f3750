import { asSeen, questionOf } from '../../planning/approval.ts'
import { needsApproval, refused } from '../failures.ts'
import { emptyPartitions, resetStatement } from './empty-partitions.ts'
import type { PartitionPair } from './partition-pairs.ts'
import { type StepContext, throwIfLeaving } from './step-context.ts'
import type { TablePair } from './table-pair.ts'
import { throwIfJobs } from './throw-if-jobs.ts'
import { throwIfMoved } from './throw-if-moved.ts'

const MOST_STATEMENTS = 5

/**
 * Empties the target partitions that are no true copies any more. What starferry did not write is only discarded when an operator approved it
 * for this table or the spec allows it; else `NeedsApproval` with the exact statements, before anything is touched. The statements that were
 * run: when there are any, ids and versions have to be read again. Throws `Busy` while a job of the table runs, or is not published yet.
 */
export async function resetPartitions(
  step: StepContext,
  pair: TablePair,
  partitions: readonly PartitionPair[],
  approval: string | undefined,
): Promise<string[]> {
  const foreign = partitions.filter((partition) => partition.verdict.action === 'foreign')
  if (foreign.length > 0 && !pair.spec.allow.resetDivergedPartitions) {
    const statements = [...new Set(foreign.map((partition) => resetStatement(pair, partition.name)))]
    const question = questionOf(
      statements,
      foreign.map(({ target }) => asSeen(target)),
    )
    if (question !== approval) throw needsApproval(whyForeign(pair, foreign), few(statements), question)
  }
  const doomed = partitions.filter(({ verdict }) => verdict.action === 'foreign' || verdict.action === 'reset')
  for (const { name } of doomed) {
    if (partitions.filter((partition) => partition.name === name).length > 1) {
      throw refused(
        `partition ${name} of ${pair.target.full} must be emptied, but consists of several physical partitions, which StarRocks would make one`,
      )
    }
  }
  if (doomed.length > 0) await throwIfJobs(pair)
  const byName = new Map(doomed.map((partition) => [partition.name, partition]))
  return emptyPartitions(pair, [...byName.keys()], async (next) => {
    throwIfLeaving(step)
    await throwIfMoved(
      pair,
      next.flatMap((name) => byName.get(name) ?? []),
      'emptied',
    )
    return next
  })
}

function whyForeign(pair: TablePair, foreign: readonly PartitionPair[]): string {
  const [first] = foreign
  const why = first?.verdict.action === 'foreign' ? first.verdict.reason : ''
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : ''
  return `needs approval: partition ${first?.name} of ${pair.target.full}${more} was not written by replication: ${why}`
}

function few(statements: readonly string[]): string[] {
  const shown = statements.slice(0, MOST_STATEMENTS)
  return statements.length > shown.length ? [...shown, `-- and ${statements.length - shown.length} more`] : [...shown]
}
