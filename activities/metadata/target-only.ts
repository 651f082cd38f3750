import type { AlignOutcome } from '../../contract/index.ts'
import { asSeen, questionOf } from '../../planning/approval.ts'
import { outcomeOf } from '../../planning/schema-outcome.ts'
import { mayDiscard, tableOwnership } from '../../planning/schema-ownership.ts'
import { listPartitions, type PartitionRow, quoteQualified } from '../../starrocks/index.ts'
import { AppearedMeanwhile, execute, NotOursAnyMore, StillRunning } from './execute.ts'
import { isNotFound, isUnreachable, reasonOf } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import type { PlanningSession } from './plan-table.ts'
import { OnSourceByNow } from './source-look.ts'
import type { DiscardStep } from './steps.ts'

/** Tables reported at most: a database full of others' tables is no reason for a huge answer. */
const MOST = 200
/** What passes, or is settled by the next look. */
const WAITING = [StillRunning, AppearedMeanwhile, OnSourceByNow]

/** Target tables that would be copies of selected source tables, if those existed. */
export function targetOnlyObjects({ pair, source, target }: PlanningSession): InventoryEntry[] {
  return [...target.entries.values()]
    .filter((entry) => entry.kind === 'table')
    .filter((entry) => {
      const sources = pair.selection.sources(entry.database, entry.name)
      // A database that the source does not have is nobody's copy.
      const known = sources.filter((name) => source.databases.has(name.database))
      return known.length > 0 && !known.some((name) => source.get(name.database, name.table))
    })
    .sort((a, b) => (a.full < b.full ? -1 : 1))
}

/**
 * What becomes of tables that only the target has. They are dropped when the spec allows it or an operator approved; otherwise they are reported with
 * the statement. That a replication wrote them is not enough here: another migration may fill the same database from elsewhere.
 */
export async function alignTargetOnly(session: PlanningSession): Promise<AlignOutcome[]> {
  const outcomes: AlignOutcome[] = []
  for (const entry of targetOnlyObjects(session).slice(0, MOST)) {
    session.pair.signal?.throwIfAborted()
    outcomes.push(await alignOne(session, entry))
  }
  return outcomes
}

async function alignOne(session: PlanningSession, entry: InventoryEntry): Promise<AlignOutcome> {
  const { pair, approvals } = session
  const name = { database: entry.database, name: entry.name }
  try {
    const rows = await listPartitions(pair.target.cluster, entry.database, entry.name, { signal: pair.signal })
    const ownership = tableOwnership(rows)
    const step = dropStep(session, entry, rows)
    const question = questionOf([step.statement], step.of)
    const reason = `it is on the target only${ownership === 'ours' ? '; it is a copy of a table that the source no longer has' : ''}`
    if (approvals.get(entry.full) !== question && !pair.spec.allow.dropTargetOnlyTables) {
      return outcomeOf(entry.full, 'needs-approval', { reason, statements: [step.statement], question })
    }
    const done = await execute(session, name, [step])
    session.target.entries.delete(entry.full)
    return outcomeOf(entry.full, 'dropped', { reason, statements: done.statements })
  } catch (error) {
    if (pair.signal?.aborted || isUnreachable(error)) throw error
    if (isNotFound(error)) return outcomeOf(entry.full, 'unchanged')
    if (WAITING.some((kind) => error instanceof kind)) {
      return outcomeOf(entry.full, 'waiting', { reason: reasonOf(error) })
    }
    if (error instanceof NotOursAnyMore) return outcomeOf(entry.full, 'needs-approval', { reason: error.message })
    return outcomeOf(entry.full, 'failed', { reason: reasonOf(error) })
  }
}

/** Copies and empty tables go for good; rows that a load wrote stay in the recycle bin for a while. */
function dropStep({ pair }: PlanningSession, entry: InventoryEntry, rows: readonly PartitionRow[]): DiscardStep {
  const forGood = mayDiscard(tableOwnership(rows), false)
  const statement = `DROP TABLE IF EXISTS ${quoteQualified(entry.database, entry.name)}${forGood ? ' FORCE' : ''}`
  const sources = pair.selection.sources(entry.database, entry.name)
  const unlessAt = sources.map(({ database, table }) => ({ database, name: table }))
  return { kind: 'discard', statement, allowed: true, of: rows.map(asSeen), unlessAt }
}
