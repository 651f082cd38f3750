import { questionOf } from '../../planning/approval.ts'
import { type ObjectName, refusals } from '../../starrocks/ddl/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { askNulls } from './ask-nulls.ts'
import { isNotFound } from './failure.ts'
import type { Inventory, InventoryEntry } from './inventory.ts'
import type { Pair } from './pair.ts'
import { type PlanContext, planCreate } from './plan-create.ts'
import { planExisting } from './plan-existing.ts'
import { isUnreadable, readTable, type TableFacts } from './read-table.ts'
import { runningJob } from './running-job.ts'
import { refusePlan, statementsOf, type TablePlan, waitPlan } from './steps.ts'
import { presentIds } from './target-entry.ts'
import { whyMadeAgain } from './why-made-again.ts'

/** What planning a table shares with other tables of the same call. */
export interface PlanningSession {
  deps: Dependencies
  pair: Pair
  source: Inventory
  target: Inventory
  /** Questions that an operator approved, by source table, or by target table where the source has none. */
  approvals: ReadonlyMap<string, string>
  /** By what the target's views are known as copies; see viewMark. */
  viewMarks: ReadonlySet<string>
  /** Grows when the target refuses properties as unknown. */
  unknownProperties: Set<string>
}

/** What a plan was made from, for the one who carries it out. */
export interface PlannedTable {
  plan: TablePlan
  source?: TableFacts
  target?: TableFacts
}

/** Reads one table on both sides and decides what to do. Changes nothing. Errors: `NotFound` when the source's table is gone. */
export async function planTable(session: PlanningSession, entry: InventoryEntry): Promise<PlannedTable> {
  const { pair } = session
  const early = cannotBegin(session, entry)
  if (early) return { plan: early }
  let source: TableFacts
  try {
    source = await readTable(pair.source, entry, pair.signal)
  } catch (error) {
    if (isUnreadable(error)) return { plan: refusePlan(`its definition cannot be read: ${error.message}`) }
    throw error
  }
  const [refusal] = refusals(source.model, {
    target: pair.writeFor,
    placement: pair.placement,
    partitionNames: source.partitions.flatMap(({ rows }) => rows.map((row) => row.name)),
  })
  if (refusal) return { plan: refusePlan(`${refusal.reason}; ${refusal.remedy}`), source }

  const context: PlanContext = {
    pair,
    approved: false,
    nulls: await askNulls(pair.source, source, pair.signal),
    unknownProperties: session.unknownProperties,
    targetDatabases: new Set(session.target.databases.keys()),
  }
  const name = pair.rename(entry)
  const there = session.target.get(name.database, name.name)
  const target = there && (await readTarget(session, there))
  if (target && 'unreadable' in target) return { plan: waitPlan(target.unreadable), source }
  const approval = session.approvals.get(entry.full)
  if (!target)
    return { plan: unlessAsked((approved) => planCreate(source, { ...context, approved }), approval), source }
  const targetNulls = await askNulls(pair.target, target, pair.signal)
  const madeAgain = await whyMadeAgain(session, source, target)
  const found = { ...context, targetNulls, madeAgain }
  const plan = unlessAsked((approved) => planExisting(source, target, { ...found, approved }), approval)
  if (plan.steps.length > 0) {
    // Dropping or altering under a running job aborts it, and has brought frontends down.
    const job = await jobOn(session, name)
    if (job)
      return {
        plan: { ...plan, action: 'wait', reason: `${job} runs on it; the change follows when it has ended` },
        source,
        target,
      }
  }
  return { plan, source, target }
}

/** The job that runs on the table that has this name now, in words. On one that is gone none does. */
async function jobOn(session: PlanningSession, name: ObjectName): Promise<string | undefined> {
  const { target, signal } = session.pair
  const ids = await presentIds(session, name).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  return ids && runningJob(target, ids, signal)
}

/** The plan as it is without an approval – with the question, where it asks one – unless an approval answers just that. */
function unlessAsked(make: (approved: boolean) => TablePlan, approval: string | undefined): TablePlan {
  const plan = make(false)
  const asked = plan.action === 'approve' ? plan.steps : plan.blocked?.steps
  if (!asked) return plan
  const destroyed = asked.flatMap((step) => (step.kind === 'discard' ? step.of : []))
  const question = questionOf(statementsOf(asked), destroyed)
  return question === approval ? make(true) : { ...plan, question }
}

/** Reasons not to look any further. */
function cannotBegin(session: PlanningSession, entry: InventoryEntry): TablePlan | undefined {
  if (entry.kind === 'external table') {
    return refusePlan(`it is an external table (${entry.type}); create it by hand on the target, or exclude it`)
  }
  if (entry.kind !== 'table') return refusePlan(`it is a ${entry.kind}, which holds no rows of its own to copy`)
  const rename = session.pair.rename(entry)
  const collision = session.pair.selection
    .sources(rename.database, rename.name)
    .find(
      (other) =>
        (other.database !== entry.database || other.table !== entry.name) &&
        session.source.get(other.database, other.table),
    )
  if (collision) {
    return refusePlan(
      `${collision.database}.${collision.table} has the same name ${rename.database}.${rename.name} on the target; change \`rename\``,
    )
  }
  if (busy(entry.state))
    return waitPlan(`it is in state ${entry.state} on the source; it is looked at again when that has ended`)
  const there = session.target.get(rename.database, rename.name)
  if (there && there.kind !== 'table') {
    return refusePlan(`the target has a ${there.kind} of the name ${there.full}; rename or drop it`)
  }
  if (there && busy(there.state)) return waitPlan(`the target's table is in state ${there.state}`)
  return undefined
}

const busy = (state: string) => state !== '' && state.toUpperCase() !== 'NORMAL'

async function readTarget(
  { pair }: PlanningSession,
  entry: InventoryEntry,
): Promise<TableFacts | { unreadable: string } | undefined> {
  try {
    return await readTable(pair.target, entry, pair.signal)
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (isUnreadable(error)) return { unreadable: `the target's table cannot be read: ${error.message}` }
    throw error
  }
}
