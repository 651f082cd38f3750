import type { AlignOutcome } from '../../contract/index.ts'
import { FORMERLY, outcomeOf } from '../../planning/schema-outcome.ts'
import { quoteName, StarRocksError } from '../../starrocks/index.ts'
import { isUnreachable, reasonOf } from './failure.ts'
import type { PlanningSession } from './plan-table.ts'
import { marksOnTarget, planViews, type ViewPlan } from './plan-views.ts'

const MOST = 500
/** Characters of all that is told, statements that made former views among it: Temporal takes 2 MB, and a character has up to three bytes. */
const MOST_TOLD = 500_000
/** Views that were not known as copies before, and are told of at once; the others follow with the next difference. */
const MOST_MARKED = 300

/**
 * Makes the target's views and materialized views like the source's, each after what it reads; materialized ones are not refreshed. One that differs
 * is dropped and made again where it was seen to be a copy before; else somebody has to say so. One whose tables are not there yet, or will never
 * be, fails, and is tried again by the next difference.
 */
export async function alignViews(session: PlanningSession): Promise<AlignOutcome[]> {
  const outcomes: AlignOutcome[] = []
  const databases = new Set(session.target.databases.keys())
  let marked = 0
  let told = 0
  for (const plan of await planViews(session)) {
    session.pair.signal?.throwIfAborted()
    const outcome = told > MOST_TOLD && changes(plan) ? later(plan) : await alignView(session, plan, databases)
    told += JSON.stringify(outcome).length
    if (outcomes.length >= MOST) continue
    if (outcome.outcome !== 'unchanged') outcomes.push(outcome)
    else if (outcome.marks?.some((mark) => !session.viewMarks.has(mark)) && marked++ < MOST_MARKED) {
      outcomes.push(outcome)
    }
  }
  return outcomes
}

const changes = ({ action }: ViewPlan) => action === 'create' || action === 'recreate' || action === 'approve'

const later = ({ entry }: ViewPlan) =>
  outcomeOf(entry.full, 'waiting', {
    reason: 'more views change than one difference can tell of; it follows with the next',
  })

async function alignView(session: PlanningSession, plan: ViewPlan, databases: Set<string>): Promise<AlignOutcome> {
  const { full } = plan.entry
  if (plan.action === 'none')
    return { ...outcomeOf(full, 'unchanged'), marks: [plan.mark, plan.pairMark].filter((mark) => mark !== undefined) }
  if (plan.action === 'refuse') return outcomeOf(full, 'refused', { reason: plan.reason })
  if (plan.action === 'approve') return asks(session, plan)
  const { cluster } = session.pair.target
  const { database } = session.pair.rename(plan.entry)
  let dropped = false
  try {
    if (!databases.has(database)) {
      await cluster.execute(`CREATE DATABASE IF NOT EXISTS ${quoteName(database)}`)
      databases.add(database)
    }
    if (plan.trial) await tryOut(session, plan.trial)
    if (plan.action === 'recreate' && !(await marksOnTarget(session, plan.entry)).includes(plan.mark ?? '')) {
      return outcomeOf(full, 'waiting', { reason: 'it was changed on the target just now; it is looked at again' })
    }
    dropped = plan.former !== undefined
    const statements = [...formerly(plan), ...(await run(session, plan))]
    const reason = [plan.reason, ...plan.notes].filter(Boolean).join('; ')
    const outcome = outcomeOf(full, plan.action === 'create' ? 'created' : 'recreated', {
      reason: reason === '' ? undefined : reason,
      statements,
    })
    return { ...outcome, marks: await marksOnTarget(session, plan.entry, plan.source) }
  } catch (error) {
    if (session.pair.signal?.aborted || isUnreachable(error)) throw error
    if (!(error instanceof StarRocksError)) throw error
    if (error.kind === 'AlreadyExists') {
      return outcomeOf(full, 'waiting', { reason: 'something of its name is there by now; it is looked at again' })
    }
    return outcomeOf(full, 'failed', {
      reason: `${reasonOf(error)}${await afterwards(session, plan, dropped)}`,
      statements: plan.statements(session.unknownProperties),
    })
  }
}

const asks = (session: PlanningSession, plan: ViewPlan): AlignOutcome =>
  outcomeOf(plan.entry.full, 'needs-approval', {
    reason: plan.reason,
    statements: [`-- it is: ${plan.former}`, ...plan.statements(session.unknownProperties)],
    question: plan.question,
  })

/** What was replaced is told: it may be somebody's own, and is nowhere else afterwards. */
const formerly = ({ former }: ViewPlan): string[] => (former === undefined ? [] : [`${FORMERLY}${former}`])

/** Makes it under another name before the one that is there is dropped: what cannot be made costs nobody what there is. */
async function tryOut(session: PlanningSession, { create, drop }: NonNullable<ViewPlan['trial']>): Promise<void> {
  const { cluster } = session.pair.target
  await cluster.execute(drop)
  await knowingProperties(session, () => cluster.execute(create(session.unknownProperties)))
  await cluster.execute(drop)
}

async function afterwards(session: PlanningSession, plan: ViewPlan, dropped: boolean): Promise<string> {
  if (dropped) return putBack(session, plan)
  return plan.former === undefined ? '' : '; what is there was left alone'
}

/** A view that was dropped for one that cannot be made is made again as it was; a materialized one has to be refreshed. */
async function putBack(session: PlanningSession, { former, entry }: ViewPlan): Promise<string> {
  if (former === undefined) return ''
  try {
    await session.pair.target.cluster.execute(former)
    return entry.kind === 'view'
      ? '; the former one is there again'
      : '; the former one is there again, to be refreshed'
  } catch (error) {
    if (session.pair.signal?.aborted || isUnreachable(error)) throw error
    return `; the former one could not be made again (${reasonOf(error)}): ${former}`
  }
}

async function run(session: PlanningSession, plan: ViewPlan): Promise<string[]> {
  return knowingProperties(session, async () => {
    const statements = plan.statements(session.unknownProperties)
    for (const statement of statements) await session.pair.target.cluster.execute(statement)
    return statements
  })
}

/** Once more without the properties that the target calls unknown. */
async function knowingProperties<T>(session: PlanningSession, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      const fresh =
        error instanceof StarRocksError && error.kind === 'UnknownProperties'
          ? error.names.filter((property) => !session.unknownProperties.has(property))
          : []
      if (fresh.length === 0) throw error
      for (const property of fresh) session.unknownProperties.add(property)
    }
  }
}
