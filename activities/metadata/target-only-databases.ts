import type { AlignOutcome } from '../../contract/index.ts'
import { asSeen, type PartitionSeen, questionOf } from '../../planning/approval.ts'
import { outcomeOf } from '../../planning/schema-outcome.ts'
import { mayDiscard, tableOwnership, whyNotOurs } from '../../planning/schema-ownership.ts'
import { isSystemDatabase, listFunctions, listPartitions, quoteName } from '../../starrocks/index.ts'
import { directory } from '../pollers/directory.ts'
import { StillRunning } from './execute.ts'
import { type Inventory, type InventoryEntry, readInventory } from './inventory.ts'
import type { PlanningSession } from './plan-table.ts'
import { hashOf, viewOnTarget } from './plan-views.ts'
import { runningJob } from './running-job.ts'
import { OnSourceByNow } from './source-look.ts'

/** Databases that are told of as known from now on, of one difference; the others follow with the next. */
const MOST_MARKED = 300
/** Whose each of them is costs a statement at every difference. */
const MOST_OBJECTS = 200

/** How a database is named where tables are: its own name is none of a table. */
const nameOf = (database: string) => `${database}.*`
const markOf = (database: string) => hashOf(JSON.stringify(['database', database]))

/**
 * What becomes of databases that the source had while this migration ran, and has no more. One whose tables are all copies is dropped, into the recycle
 * bin, when the spec allows it for tables and its views for views, or an operator approved; one that holds anything else is left and told. Databases that
 * were never seen on the source are none of this migration's: by marks it remembers those that were.
 */
export async function alignTargetOnlyDatabases(
  session: PlanningSession,
  settled: (name: string, act: () => Promise<AlignOutcome>) => Promise<AlignOutcome>,
): Promise<AlignOutcome[]> {
  const { pair, source, target, viewMarks } = session
  const outcomes: AlignOutcome[] = []
  const marked: AlignOutcome[] = []
  for (const database of [...target.databases.keys()].sort()) {
    if (isSystemDatabase(database)) continue
    const from = sourcesOf(session, database)
    if (from.length === 0) continue
    const mark = markOf(database)
    if (from.some((one) => source.databases.has(one))) {
      if (viewMarks.has(mark)) continue
      marked.push({ ...outcomeOf(nameOf(database), 'unchanged'), marks: [mark] })
    } else if (viewMarks.has(mark)) {
      pair.signal?.throwIfAborted()
      outcomes.push(await settled(nameOf(database), () => alignDatabase(session, database)))
    }
  }
  return [...outcomes, ...marked.slice(0, MOST_MARKED)]
}

const sourcesOf = ({ pair: { selection } }: PlanningSession, database: string): string[] =>
  selection.sourceDatabases(database).filter((one) => selection.includesDatabase(one))

async function alignDatabase(session: PlanningSession, database: string): Promise<AlignOutcome> {
  const { pair, approvals } = session
  const full = nameOf(database)
  const inventory = await readInventory(pair.target, (name) => name === database, pair.signal)
  const objects = [...inventory.entries.values()].sort((a, b) => (a.full < b.full ? -1 : 1))
  const gone = `the source no longer has the database that ${database} is the copy of`
  const drop = `DROP DATABASE IF EXISTS ${quoteName(database)}`
  const held = await holds(session, inventory, database, objects)
  if (held.foreign !== undefined) {
    return outcomeOf(full, 'refused', {
      reason: `${gone}; it is left, because ${held.foreign}; drop what nobody needs`,
    })
  }
  const question = questionOf([drop, ...objects.map(({ full: name }) => name)], held.seen)
  const hasViews = objects.some(({ kind }) => kind !== 'table')
  const { dropTargetOnlyTables, dropTargetOnlyViews } = pair.spec.allow
  const allowed = dropTargetOnlyTables && (!hasViews || dropTargetOnlyViews)
  const reason = `${gone}; it holds ${objects.length === 0 ? 'nothing' : `copies only (${objects.length})`}`
  if (!allowed && approvals.get(full) !== question) {
    return outcomeOf(full, 'needs-approval', { reason, statements: [drop], question })
  }
  const now = await directory(pair.source.cluster).databases(0)
  const back = sourcesOf(session, database).find((one) => now.has(one))
  if (back !== undefined) throw new OnSourceByNow(`${back} is on the source by now; it is looked at again`)
  const id = inventory.databases.get(database)
  const job = id === undefined ? undefined : await runningJob(pair.target, { databaseId: id }, pair.signal)
  if (job) throw new StillRunning(`${job} runs in it; it is dropped when that has ended`)
  // Never FORCE: what somebody puts into it in this moment can be recovered.
  await pair.target.cluster.execute(drop)
  for (const { full: name } of objects) session.target.entries.delete(name)
  return outcomeOf(full, 'dropped', { reason, statements: [drop] })
}

/** What of it is nobody's copy, in words – the first of it that is found –, or the partitions of all its tables. */
async function holds(
  session: PlanningSession,
  inventory: Inventory,
  database: string,
  objects: readonly InventoryEntry[],
): Promise<{ foreign?: string; seen: PartitionSeen[] }> {
  const { pair } = session
  const { cluster } = pair.target
  const seen: PartitionSeen[] = []
  const not = (foreign: string) => ({ foreign, seen })
  if (objects.length > MOST_OBJECTS)
    return not(`it holds ${objects.length} objects, more than are looked at one by one`)
  for (const entry of objects) {
    const sources = pair.selection.sources(entry.database, entry.name)
    if (sources.length === 0) return not(`${entry.full} is nothing that this migration copies`)
    const kept = sources.find((one) => session.source.databases.has(one.database))
    if (kept) return not(`${entry.full} comes from database ${kept.database}, which the source still has`)
    if (entry.kind === 'table') {
      const rows = await listPartitions(cluster, entry.database, entry.name, { signal: pair.signal })
      const ownership = tableOwnership(rows)
      if (!mayDiscard(ownership, false)) return not(whyNotOurs(ownership, entry.full, rows))
      seen.push(...rows.map(asSeen))
      continue
    }
    const view = entry.kind === 'external table' ? undefined : await viewOnTarget(session, entry, sources)
    if (!view?.isCopy) return not(`the ${entry.kind} ${entry.full} was never seen to be a copy`)
  }
  if (!inventory.databases.has(database)) return { seen }
  const [first] = await listFunctions(cluster, database, { signal: pair.signal })
  return first ? not(`it has functions, such as ${first.signature}`) : { seen }
}
