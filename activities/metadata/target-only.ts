import type { AlignOutcome } from '../../contract/index.ts'
import { asSeen, questionOf } from '../../planning/approval.ts'
import { FORMERLY, outcomeOf } from '../../planning/schema-outcome.ts'
import { mayDiscard, tableOwnership } from '../../planning/schema-ownership.ts'
import { listPartitions, type PartitionRow, quoteQualified } from '../../starrocks/index.ts'
import { AppearedMeanwhile, execute, NotOursAnyMore, StillRunning } from './execute.ts'
import { isNotFound, isUnreachable, reasonOf } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import type { PlanningSession } from './plan-table.ts'
import { viewOnTarget } from './plan-views.ts'
import { OnSourceByNow, SourceLook } from './source-look.ts'
import type { DiscardStep } from './steps.ts'
import { alignTargetOnlyDatabases } from './target-only-databases.ts'

/** Tables, and views, reported at most: a database full of others' tables is no reason for a huge answer. */
const MOST = 200
/** What passes, or is settled by the next look. */
const WAITING = [StillRunning, AppearedMeanwhile, OnSourceByNow]

/** Tables and views of the target that would be copies of selected ones of the source, if those existed. */
export function targetOnlyObjects({ pair, source, target }: PlanningSession): InventoryEntry[] {
  const { sync } = pair.spec
  const kinds = { table: true, view: sync.views, 'materialized view': sync.materializedViews, 'external table': false }
  return [...target.entries.values()]
    .filter(({ kind }) => kinds[kind])
    .filter((entry) => {
      const sources = pair.selection.sources(entry.database, entry.name)
      // A database that the source does not have is nobody's copy, unless it is one as a whole.
      const known = sources.filter((name) => source.databases.has(name.database))
      return known.length > 0 && !known.some((name) => source.get(name.database, name.table))
    })
    .sort((a, b) => (a.full < b.full ? -1 : 1))
}

/** Whether the spec lets it go. Of a view the key is another one: to have tables dropped is to say nothing of views. */
export const mayDropTargetOnly = ({ pair }: PlanningSession, { kind }: InventoryEntry): boolean =>
  kind === 'table' ? pair.spec.allow.dropTargetOnlyTables : pair.spec.allow.dropTargetOnlyViews

/**
 * What becomes of tables, views and databases that only the target has. They are dropped when the spec allows it or an operator approved; otherwise
 * they are reported with the statement. That a replication wrote them is not enough here: another migration may fill the same database from elsewhere.
 */
export async function alignTargetOnly(session: PlanningSession): Promise<AlignOutcome[]> {
  const outcomes: AlignOutcome[] = []
  const objects = targetOnlyObjects(session)
  const tables = objects.filter(({ kind }) => kind === 'table')
  const views = objects.filter(({ kind }) => kind !== 'table')
  for (const entry of [...views.slice(0, MOST), ...tables.slice(0, MOST)]) {
    session.pair.signal?.throwIfAborted()
    outcomes.push(
      await settled(session, entry.full, () =>
        entry.kind === 'table' ? alignOne(session, entry) : alignView(session, entry),
      ),
    )
  }
  return [...outcomes, ...(await alignTargetOnlyDatabases(session, (name, act) => settled(session, name, act)))]
}

async function alignOne(session: PlanningSession, entry: InventoryEntry): Promise<AlignOutcome> {
  const { pair, approvals } = session
  const rows = await listPartitions(pair.target.cluster, entry.database, entry.name, { signal: pair.signal })
  const ownership = tableOwnership(rows)
  const step = dropStep(session, entry, rows)
  const question = questionOf([step.statement], step.of)
  const reason = `it is on the target only${ownership === 'ours' ? '; it is a copy of a table that the source no longer has' : ''}`
  if (approvals.get(entry.full) !== question && !mayDropTargetOnly(session, entry)) {
    return outcomeOf(entry.full, 'needs-approval', { reason, statements: [step.statement], question })
  }
  const done = await execute(session, { database: entry.database, name: entry.name }, [step])
  session.target.entries.delete(entry.full)
  return outcomeOf(entry.full, 'dropped', { reason, statements: done.statements })
}

/** It holds no rows of its own, but what it says may be nowhere else: that is told before and after. */
async function alignView(session: PlanningSession, entry: InventoryEntry): Promise<AlignOutcome> {
  const { pair, approvals } = session
  const sources = pair.selection.sources(entry.database, entry.name)
  const there = await viewOnTarget(session, entry, sources)
  if (!there) return outcomeOf(entry.full, 'unchanged')
  const drop = dropViewStatement(entry)
  if (there.statement === undefined) {
    const reason = `it is on the target only, and its definition cannot be read, so that it would be lost; if nobody needs it: ${drop}`
    return outcomeOf(entry.full, 'refused', { reason })
  }
  const question = questionOf([there.statement, drop], [])
  const reason = `it is on the target only${there.isCopy ? `; it is a copy of a ${entry.kind} that the source no longer has` : ''}`
  if (approvals.get(entry.full) !== question && !mayDropTargetOnly(session, entry)) {
    return outcomeOf(entry.full, 'needs-approval', {
      reason,
      statements: [`-- it is: ${there.statement}`, drop],
      question,
    })
  }
  const unlessAt = sources.map(({ database, table }) => ({ database, name: table }))
  await new SourceLook(pair).throwIfThere({ unlessAt })
  await pair.target.cluster.execute(drop)
  session.target.entries.delete(entry.full)
  return outcomeOf(entry.full, 'dropped', { reason, statements: [`${FORMERLY}${there.statement}`, drop] })
}

async function settled(
  { pair }: PlanningSession,
  full: string,
  act: () => Promise<AlignOutcome>,
): Promise<AlignOutcome> {
  try {
    return await act()
  } catch (error) {
    if (pair.signal?.aborted || isUnreachable(error)) throw error
    if (isNotFound(error)) return outcomeOf(full, 'unchanged')
    if (WAITING.some((kind) => error instanceof kind)) return outcomeOf(full, 'waiting', { reason: reasonOf(error) })
    if (error instanceof NotOursAnyMore) return outcomeOf(full, 'needs-approval', { reason: error.message })
    return outcomeOf(full, 'failed', { reason: reasonOf(error) })
  }
}

export const dropViewStatement = ({ kind, database, name }: InventoryEntry): string =>
  `DROP ${kind === 'view' ? 'VIEW' : 'MATERIALIZED VIEW'} IF EXISTS ${quoteQualified(database, name)}`

/** Copies and empty tables go for good; rows that a load wrote stay in the recycle bin for a while. */
function dropStep({ pair }: PlanningSession, entry: InventoryEntry, rows: readonly PartitionRow[]): DiscardStep {
  const forGood = mayDiscard(tableOwnership(rows), false)
  const statement = `DROP TABLE IF EXISTS ${quoteQualified(entry.database, entry.name)}${forGood ? ' FORCE' : ''}`
  const sources = pair.selection.sources(entry.database, entry.name)
  const unlessAt = sources.map(({ database, table }) => ({ database, name: table }))
  return { kind: 'discard', statement, allowed: true, of: rows.map(asSeen), unlessAt }
}
