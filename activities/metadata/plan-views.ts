import { createHash } from 'node:crypto'
import { joinTableName } from '../../contract/index.ts'
import { questionOf } from '../../planning/approval.ts'
import {
  DdlReadError,
  dependencies,
  keepNames,
  type MaterializedView,
  type ObjectName,
  orderByDependency,
  readCreate,
  type View,
  viewDifference,
  writeMaterializedView,
  writeView,
} from '../../starrocks/ddl/index.ts'
import { isSystemDatabase, quoteQualified, StarRocksError, showCreate } from '../../starrocks/index.ts'
import { mapConcurrently } from './concurrency.ts'
import { isNotFound, isUnreachable, reasonOf } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import { describe } from './plan-existing.ts'
import type { PlanningSession } from './plan-table.ts'

/** What is to be done with one view or materialized view. */
export interface ViewPlan {
  entry: InventoryEntry
  /** `approve`: it would be made again, and what is there now was never seen to be a copy. */
  action: 'none' | 'create' | 'recreate' | 'approve' | 'refuse'
  reason?: string
  /** Written anew without the properties that the target calls unknown. */
  statements: (unknown: ReadonlySet<string>) => string[]
  /** What made the one that is to be replaced: it need not be of our making. */
  former?: string
  /** Of the one that is there; see viewMark. */
  mark?: string
  /** And that of the pair, where their texts say nothing about each other. */
  pairMark?: string
  /** What the source's is, for the mark of one that is made from it; see pairMark. */
  source?: string
  /** Makes the new one under a name that nobody uses, to see that it can be made, and takes it away again. */
  trial?: { create: (unknown: ReadonlySet<string>) => string; drop: string }
  /** What an approval has to answer. */
  question?: string
  /** Properties left out, and the like. */
  notes: string[]
}

interface ReadView {
  entry: InventoryEntry
  model?: View | MaterializedView
  unreadable?: string
}

/** Reads all selected views on both sides and decides, in the order in which they must be made. Changes nothing. */
export async function planViews(session: PlanningSession): Promise<ViewPlan[]> {
  const { pair } = session
  const { sync } = pair.spec
  const entries = [...session.source.entries.values()].filter(
    (entry) =>
      ((entry.kind === 'view' && sync.views) || (entry.kind === 'materialized view' && sync.materializedViews)) &&
      pair.selection.includes(entry.database, entry.name),
  )
  const read = (await mapConcurrently(entries, 4, (entry) => readView(session, entry))).filter(
    (one) => one !== undefined,
  )
  const readable = read.filter((one): one is ReadView & { model: View | MaterializedView } => one.model !== undefined)
  const ordered = orderByDependency(
    readable.map((one) => ({
      ...one,
      object: { database: one.entry.database, name: one.entry.name },
      query: one.model.query,
    })),
  )
  const plans = await mapConcurrently(ordered, 4, ({ entry, model }) => planView(session, entry, model))
  const refused = read.flatMap((one): ViewPlan[] =>
    one.unreadable === undefined ? [] : [refuse(one.entry, `its definition cannot be read: ${one.unreadable}`)],
  )
  return [...plans, ...refused]
}

async function readView(session: PlanningSession, entry: InventoryEntry): Promise<ReadView | undefined> {
  const { source, signal } = session.pair
  try {
    const { text } = await showCreate(source.cluster, entry.database, entry.name, { signal })
    const model = readCreate(text, { version: source.version })
    return model.kind === 'table' ? undefined : { entry, model }
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (isOfThisOne(session, error)) return { entry, unreadable: reasonOf(error) }
    throw error
  }
}

/** What hinders this one view, and is no reason to leave the others alone: a text that nobody can read, a privilege that is missing. */
const isOfThisOne = ({ pair }: PlanningSession, error: unknown): boolean =>
  error instanceof DdlReadError || (error instanceof StarRocksError && !isUnreachable(error) && !pair.signal?.aborted)

const refuse = (entry: InventoryEntry, reason: string): ViewPlan => ({
  entry,
  action: 'refuse',
  reason,
  statements: () => [],
  notes: [],
})

async function planView(
  session: PlanningSession,
  entry: InventoryEntry,
  model: View | MaterializedView,
): Promise<ViewPlan> {
  const { pair } = session
  const name = pair.rename(entry)
  if (/`/.test(entry.name)) return refuse(entry, 'its name has a backtick, which no statement can say')
  const options = { target: pair.writeFor, source: entry, rename: pair.rename, placement: pair.placement }
  const write = (unknownProperties: ReadonlySet<string>) => writeAny(model, { ...options, unknownProperties })
  const { warnings, dropped } = write(session.unknownProperties)
  const notes = [...warnings, ...dropped.map(({ property, reason }) => `property ${property} is left out: ${reason}`)]

  const collision = pair.selection
    .sources(name.database, name.name)
    .find((other) => joinTableName(other.database, other.table) !== entry.full && isThere(session, other))
  if (collision) {
    const other = joinTableName(collision.database, collision.table)
    return refuse(entry, `${other} has the same name ${name.database}.${name.name} on the target; change \`rename\``)
  }
  const unread = readsNothing(session, entry, model)
  if (unread)
    return refuse(
      entry,
      `it reads ${unread}, which is neither selected nor on the target; include that, or exclude the view`,
    )
  const there = session.target.get(name.database, name.name)
  if (there && there.kind !== 'view' && there.kind !== 'materialized view') {
    return refuse(entry, `the target has a ${there.kind} of the name ${there.full}; rename or drop it`)
  }
  const current = there && (await readTarget(session, there))
  const create = (unknown: ReadonlySet<string>) => [write(unknown).statement]
  const text = write(new Set()).statement
  if (!there || !current) return { entry, action: 'create', source: text, statements: create, notes }
  if (current === 'unreadable') return refuse(entry, `the target's ${there.kind} cannot be read`)
  const differences = viewDifference(model, current, {
    ...options,
    sourceVersion: pair.source.version,
    unknownProperties: session.unknownProperties,
  })
  const former = statementOf(session, there, current)
  const mark = viewMark(entry, former)
  const made = pairMark(entry, text, former)
  // Where the texts cannot be compared, one that was seen to be a copy is believed to be one of what the source's said then, and of nothing newer.
  const believed = !session.viewMarks.has(mark)
  const found = differences.filter((one) => one.action.kind !== 'report' || !believed)
  const same = found.length === 0 || session.viewMarks.has(made)
  if (same) {
    const unlike = differences.length > 0 ? { pairMark: made } : {}
    return { entry, action: 'none', statements: () => [], notes, mark, ...unlike }
  }
  const kind = there.kind === 'view' ? 'VIEW' : 'MATERIALIZED VIEW'
  const drop = `DROP ${kind} IF EXISTS ${quoteQualified(name.database, name.name)}`
  const statements = (unknown: ReadonlySet<string>) => [drop, ...create(unknown)]
  const question = questionOf([former, ...statements(session.unknownProperties)], [])
  const known = session.viewMarks.has(mark) || pair.spec.allow.replaceViews
  const may = known || session.approvals.get(entry.full) === question
  const reason = may ? describe(found) : `${describe(found)}; what is there was never seen to be a copy of the source's`
  const action = may ? 'recreate' : 'approve'
  const trialName = { database: name.database, name: `sf_trial_${hashOf(entry.full)}` }
  const isItself = (one: ObjectName) => one.database === entry.database && one.name === entry.name
  const asTrial = { ...options, rename: (one: ObjectName) => (isItself(one) ? trialName : pair.rename(one)) }
  const trial = {
    create: (unknownProperties: ReadonlySet<string>) => writeAny(model, { ...asTrial, unknownProperties }).statement,
    drop: `DROP ${kind} IF EXISTS ${quoteQualified(trialName.database, trialName.name)}`,
  }
  return { entry, action, reason, former, mark, source: text, question, statements, trial, notes }
}

/** The first that it reads and cannot find on the target: neither is it selected, nor is there a database of the name. */
function readsNothing(
  { pair, target }: PlanningSession,
  entry: InventoryEntry,
  { query }: { query: string },
): string | undefined {
  const missing = dependencies(query, entry.database).find((one) => {
    if (isSystemDatabase(one.database) || pair.selection.includes(one.database, one.name)) return false
    return !target.databases.has(pair.rename(one).database)
  })
  return missing && joinTableName(missing.database, missing.name)
}

const isThere = ({ source }: PlanningSession, { database, table }: { database: string; table: string }): boolean =>
  source.get(database, table) !== undefined

/**
 * By what a view of the target is known later on: whose it is, and what it says. One that was once the same as the source's can be replaced when
 * that has changed; one that says something else is somebody's own.
 */
const viewMark = (entry: Pick<InventoryEntry, 'full'>, statement: string): string =>
  hashOf(JSON.stringify([entry.full, statement]))

/**
 * Of a view that was made from what the source's says: what the target prints of it may be other words for the same, and is no reason to make it
 * anew at each difference.
 */
const pairMark = (entry: InventoryEntry, source: string, statement: string): string =>
  hashOf(JSON.stringify([entry.full, source, statement]))

export const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex').slice(0, 10)

function statementOf({ pair }: PlanningSession, there: InventoryEntry, model: View | MaterializedView): string {
  return writeAny(model, { target: pair.writeFor, source: there, rename: keepNames, placement: {} }).statement
}

/** The mark of what is on the target now, and that of the pair where it was just made; none where nothing is, or nothing that can be read. */
export async function marksOnTarget(
  session: PlanningSession,
  entry: InventoryEntry,
  source?: string,
): Promise<string[]> {
  const there = { ...entry, ...session.pair.rename(entry) }
  const model = await readTarget(session, there)
  if (!model || model === 'unreadable') return []
  const statement = statementOf(session, there, model)
  return [viewMark(entry, statement), ...(source === undefined ? [] : [pairMark(entry, source, statement)])]
}

/**
 * What made a view of the target, and whether it was once seen to be a copy of one of these of the source; undefined when it is gone. Without a
 * statement: it is there, and nobody can read it.
 */
export async function viewOnTarget(
  session: PlanningSession,
  there: InventoryEntry,
  sources: readonly { database: string; table: string }[],
): Promise<{ statement?: string; isCopy: boolean } | undefined> {
  const model = await readTarget(session, there)
  if (!model) return undefined
  if (model === 'unreadable') return { isCopy: false }
  const statement = statementOf(session, there, model)
  const marks = sources.map(({ database, table }) => viewMark({ full: joinTableName(database, table) }, statement))
  return { statement, isCopy: marks.some((mark) => session.viewMarks.has(mark)) }
}

const writeAny = (model: View | MaterializedView, options: Parameters<typeof writeMaterializedView>[1]) =>
  model.kind === 'view' ? writeView(model, options) : writeMaterializedView(model, options)

async function readTarget(session: PlanningSession, entry: InventoryEntry) {
  const { target, signal } = session.pair
  try {
    const { text } = await showCreate(target.cluster, entry.database, entry.name, { signal })
    const model = readCreate(text, { version: target.version })
    return model.kind === 'table' ? 'unreadable' : model
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (isOfThisOne(session, error)) return 'unreadable'
    throw error
  }
}
