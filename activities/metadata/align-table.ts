import type { AlignOutcome } from '../../contract/index.ts'
import { asSeen } from '../../planning/approval.ts'
import { outcomeOf } from '../../planning/schema-outcome.ts'
import { tableOwnership } from '../../planning/schema-ownership.ts'
import { quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import { exclusive } from './exclusive.ts'
import { AppearedMeanwhile, execute, NotOursAnyMore, StillRunning } from './execute.ts'
import { isNotFound, isUnreachable, reasonOf } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import { type PlannedTable, type PlanningSession, planTable } from './plan-table.ts'
import { OnSourceByNow } from './source-look.ts'
import { statementsOf, type TablePlan } from './steps.ts'
import { lookUp, noteOnTarget } from './target-entry.ts'

/** After the first round the source may have moved on; more than that is no accident. */
const ROUNDS = 2

/**
 * Makes one table of the target the source's copy, rows aside: looks, decides, acts, and looks again until nothing is left to do. A table that was
 * just created and still differs is dropped again, while it is empty, and refused: never copied wrong.
 *
 * Errors: only those of an unreachable cluster and a cancellation; everything else is an outcome.
 */
export async function alignTable(session: PlanningSession, full: string): Promise<AlignOutcome> {
  const entry = session.source.entries.get(full)
  if (!entry) return outcomeOf(full, 'unchanged', { reason: 'it is no longer on the source' })
  try {
    const name = session.pair.rename(entry)
    return await exclusive(session.pair.target.cluster, `${name.database}.${name.name}`, () => align(session, entry))
  } catch (error) {
    if (session.pair.signal?.aborted || isUnreachable(error)) throw error
    if (error instanceof NotOursAnyMore) {
      const { statements, question } = error
      return outcomeOf(full, 'needs-approval', { reason: error.message, statements, question })
    }
    if (error instanceof AppearedMeanwhile) return alignAgain(session, entry, error)
    if (error instanceof StillRunning || error instanceof OnSourceByNow) {
      return outcomeOf(full, 'waiting', { reason: error.message })
    }
    if (isNotFound(error)) return goneOrFailed(session, entry, error)
    if (error instanceof StarRocksError) {
      return outcomeOf(full, error.kind === 'Busy' ? 'waiting' : 'failed', { reason: reasonOf(error) })
    }
    throw error
  }
}

async function align(session: PlanningSession, entry: InventoryEntry): Promise<AlignOutcome> {
  const { full } = entry
  const name = session.pair.rename(entry)
  const statements: string[] = []
  const notes = new Set<string>()
  let did: AlignOutcome['outcome'] = 'unchanged'
  let planned = await planTable(session, entry)
  let first: TablePlan = planned.plan
  for (let round = 0; round < ROUNDS && acts(planned.plan); round++) {
    if (round === 0) first = planned.plan
    const { blocked, question } = planned.plan
    const done = await execute(session, name, planned.plan.steps).catch((error: unknown) => {
      // What may not be dropped is in the way, most likely: a range that overlaps.
      if (!blocked || !(error instanceof StarRocksError) || isUnreachable(error)) throw error
      const reason = `${blocked.reason}; without that: ${reasonOf(error)}`
      throw new NotOursAnyMore(reason, statementsOf(blocked.steps), question)
    })
    statements.push(...done.statements)
    for (const note of [...planned.plan.notes, ...done.notes]) notes.add(note)
    if (did === 'unchanged') did = outcomeFor(planned.plan)
    noteOnTarget(session, name, planned.source)
    planned = await planTable(session, entry)
    // What only waits for another table is tried again by the next difference.
    if (planned.plan.steps.every((step) => step.kind === 'try')) break
  }
  const { plan } = planned
  const left = plan.steps.some((step) => step.kind !== 'try')
  if (statements.length > 0 && left && plan.action !== 'wait')
    return leftover(session, entry, planned, first, statements)
  if (plan.action === 'refuse' || plan.action === 'wait' || plan.action === 'approve') {
    if (plan.action === 'approve') return asksFor(full, plan)
    return outcomeOf(full, REPORTED[plan.action], { reason: plan.reason, statements, undo: plan.undo })
  }
  // Nothing but attempts that failed: a foreign key whose other table is not there yet.
  if (did === 'altered' && statements.length === 0) {
    return outcomeOf(full, 'waiting', { reason: [...notes].join('; '), undo: plan.undo })
  }
  const reason = [...(did === 'recreated' || did === 'altered' ? [first.reason] : []), ...notes]
    .filter(Boolean)
    .join('; ')
  return outcomeOf(full, did, { reason: reason === '' ? undefined : reason, statements, undo: plan.undo })
}

const REPORTED = { refuse: 'refused', wait: 'waiting' } as const

const asksFor = (full: string, { reason, steps, question, undo }: TablePlan, why = reason) =>
  outcomeOf(full, 'needs-approval', { reason: why, statements: statementsOf(steps), question, undo })

const acts = (plan: TablePlan) =>
  plan.steps.length > 0 && (plan.action === 'create' || plan.action === 'alter' || plan.action === 'recreate')

function outcomeFor(plan: TablePlan): AlignOutcome['outcome'] {
  if (plan.action === 'create') return 'created'
  return plan.action === 'recreate' ? 'recreated' : 'altered'
}

/** Everything was done, and the copy still differs. */
async function leftover(
  session: PlanningSession,
  entry: InventoryEntry,
  { plan, target }: PlannedTable,
  first: TablePlan,
  statements: string[],
): Promise<AlignOutcome> {
  const { full } = entry
  const why = plan.reason ?? statementsOf(plan.steps)[0] ?? 'it still differs'
  const made = first.action === 'create' || first.action === 'recreate'
  const rows = target?.partitions.flatMap((partition) => partition.rows) ?? []
  const of = rows.map(asSeen)
  if (!made || tableOwnership(rows) !== 'empty') {
    if (plan.action === 'approve') return asksFor(full, plan, why)
    return outcomeOf(full, 'failed', { reason: `after the change the copy still differs: ${why}`, statements })
  }
  const name = session.pair.rename(entry)
  const drop = `DROP TABLE IF EXISTS ${quoteQualified(name.database, name.name)} FORCE`
  const done = await execute(session, name, [{ kind: 'discard', statement: drop, allowed: false, of }])
  session.target.entries.delete(`${name.database}.${name.name}`)
  return outcomeOf(full, 'refused', {
    reason: `the target does not make it exactly: ${why}`,
    statements: [...statements, ...done.statements],
  })
}

/** The listing was too old, or another worker is making the table: it is on the target by now. */
async function alignAgain(session: PlanningSession, entry: InventoryEntry, error: Error): Promise<AlignOutcome> {
  const name = session.pair.rename(entry)
  if (session.target.get(name.database, name.name))
    return outcomeOf(entry.full, 'waiting', { reason: `it is being made by somebody else: ${error.message}` })
  noteOnTarget(session, name, undefined)
  session.target.entries.set(`${name.database}.${name.name}`, {
    ...(session.target.get(name.database, name.name) ?? entry),
    ...(await lookUp(session, name)),
  })
  return alignTable(session, entry.full)
}

/** The table vanished while it was looked at, or something else is missing. */
async function goneOrFailed(session: PlanningSession, entry: InventoryEntry, error: unknown): Promise<AlignOutcome> {
  try {
    await session.pair.source.cluster.query(`DESC ${quoteQualified(entry.database, entry.name)}`)
  } catch (again) {
    if (isUnreachable(again)) throw again
    if (isNotFound(again)) return outcomeOf(entry.full, 'unchanged', { reason: 'it is no longer on the source' })
  }
  return outcomeOf(entry.full, 'failed', { reason: reasonOf(error) })
}
