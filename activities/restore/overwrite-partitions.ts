import { randomUUID } from 'node:crypto'
import { own } from '../../planning/backup/changes.ts'
import {
  type BeforeOverwrite,
  labelOf,
  type OverwriteMark,
  overwriteMark,
  switchedOff,
} from '../../planning/restore/overwrite-mark.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { readTable } from '../../starrocks/ddl/index.ts'
import {
  listPartitions,
  type PartitionRow,
  quoteQualified,
  StarRocksError,
  showCreate,
  statementTimeouts,
} from '../../starrocks/index.ts'
import { isUnreachable } from '../metadata/failure.ts'
import { lifetimesInTheWay } from './live-lifetimes.ts'
import { overwriteLoad } from './overwrite-load.ts'
import { addListPartitions } from './prepare-partitions.ts'
import { switchOffNoted } from './quiet-tables.ts'
import { addRangePartitions } from './range-partitions.ts'
import type { RestoreContext } from './restore-context.ts'
import { abortedRestore, busyRestore, refusedRestore, staleRestore } from './restore-failures.ts'
import { runningOverwrite } from './running-overwrite.ts'
import { overwriteStatement } from './step-statements.ts'
import { wantedPartitions } from './verify-tables.ts'

/** Of one table's partitions. A session's own limit, 300 s before there was one for INSERTs, is meant for people who wait. */
const OVERWRITE_SECONDS = 6 * 3_600
/** The cluster ends it first: a statement that only we gave up would go on there. */
const MARGIN_MS = 60_000

/** Notes of live tables what their partitions are before they are overwritten, under which label that will be done, and what is switched off for it. */
export async function markOverwrite(context: RestoreContext, tables: readonly PlannedTable[]): Promise<OverwriteMark> {
  const { cluster, outline, deps, signal } = context
  const noted: BeforeOverwrite[] = []
  for (const planned of tables) {
    const table = planned.target
    const live = { database: outline.database, name: table }
    const off = await lifetimesInTheWay(cluster, live, planned, deps.clock.now(), signal)
    noted.push({
      table,
      ids: await idsOf(context, planned),
      label: `sf_overwrite_${randomUUID()}`,
      settings: Object.fromEntries(off.map(({ property, value }) => [property, value])),
    })
  }
  return overwriteMark(noted)
}

async function idsOf(context: RestoreContext, planned: PlannedTable): Promise<string[]> {
  return (await chosenOf(context, planned)).map(({ id }) => String(id))
}

async function chosenOf({ cluster, outline, signal }: RestoreContext, planned: PlannedTable): Promise<PartitionRow[]> {
  const chosen = new Set(planned.only)
  const rows = await listPartitions(cluster, outline.database, planned.target, { signal })
  return rows.filter(({ name }) => chosen.has(name))
}

/**
 * Whether a former try may have done it, only the answer being lost: once more would remove what was loaded since. It gave the partitions other ids, and rows to
 * those that there were none of; so do INSERT OVERWRITE and TRUNCATE of others. Their rows tell.
 */
export async function mayBeDone(
  context: RestoreContext,
  planned: PlannedTable,
  mark: OverwriteMark | null,
): Promise<boolean> {
  const before = own(mark ?? {}, planned.target) ?? []
  const now = await chosenOf(context, planned)
  if (before.length === 0) return now.some(({ visibleVersion }) => visibleVersion > 1n)
  const ids = new Set(now.map(({ id }) => String(id)))
  return before.every((id) => !ids.has(id))
}

const refusals = new WeakSet<object>()

/**
 * Whether the cluster itself said that the statement was not done, or a person has to say so: what was noted of the partitions before tells nothing of the next
 * try.
 */
export const isRefusal = (error: unknown): boolean => typeof error === 'object' && error !== null && refusals.has(error)

/**
 * INSERT OVERWRITE of the chosen partitions from where they were restored to; the statement changes all of them of a table at once, or none. Partitions
 * that the live table lacks are added first, once it neither makes nor drops any by itself. Can be repeated; `again`: a try before this one may have done it: the
 * transaction of its label tells, else the partitions' ids. Rows are counted afterwards. Errors: Stale where only a person can tell whether it was done.
 */
export async function overwritePartitions(
  context: RestoreContext,
  planned: PlannedTable,
  { mark, again }: { mark: OverwriteMark | null; again: boolean },
): Promise<void> {
  const { cluster, outline, signal } = context
  const live = { ...planned, database: outline.database, as: planned.target }
  const names = planned.only ?? []
  const label = labelOf(mark, planned.target)
  /** That of the next statement, as the last look found it. */
  let free = label
  let end: 'not-done' | 'done' | 'presumed' = again ? await formerTry() : 'not-done'
  if (end === 'not-done') end = await overwrite()
  const presumed = end === 'presumed'
  if (context.spec.verify === 'off' && !presumed) return
  const expected = wantedPartitions(planned)
  const parts = names.map((name) => ({ name, bytes: expected.get(name)?.bytes }))
  const counted = await context.counter.count({ database: live.database, table: live.as, parts, partitioned: true })
  for (const [name, { rows }] of expected) {
    const found = counted.get(name)
    if (rows !== undefined && found === rows) continue
    if (presumed) throw inDoubt(name, found, rows)
    if (found === undefined || rows === undefined) continue
    const text = `${live.database}.${live.as} partition ${name} has ${found} rows after it was overwritten, the backup had ${rows}`
    if (BigInt(found) > BigInt(rows)) context.warn(`${text}: rows were written meanwhile`)
    else throw abortedRestore(text)
  }

  function inDoubt(name: string, found: string | undefined, rows: string | undefined): unknown {
    const known = (count: string | undefined) => (count === undefined ? 'unknown' : `${count}`)
    const failure = staleRestore(
      `Whether partitions of ${live.as} were overwritten cannot be told: the answer to a try before was lost, and they are others now than before it. Rows in ${name}: ${known(found)}, in the backup: ${known(rows)}. Published once more they are overwritten, whatever was written to them since`,
    )
    refusals.add(failure)
    return failure
  }

  async function formerTry(): Promise<'not-done' | 'done' | 'presumed'> {
    const first = await lookForEnd()
    if (first !== 'not-done') return first
    const running = await runningOverwrite(context, planned)
    if (running !== undefined) throw underWay(running)
    // It may have ended between the two looks.
    return lookForEnd()
  }

  async function lookForEnd(): Promise<'not-done' | 'done' | 'presumed'> {
    if (label !== undefined) {
      const load = await overwriteLoad(context, label)
      free = load.label
      if (load.state === 'running') throw underWay(`its transaction has the label ${load.label}`)
      // Others may have written to them, even replaced some of them, since: all took the former ones' place at once.
      if (load.state === 'loaded' && (await idsOf(context, planned)).some((id) => load.ids.has(id))) return 'done'
      if (load.state === 'failed') return 'not-done'
    }
    return (await mayBeDone(context, planned, mark)) ? 'presumed' : 'not-done'
  }

  function underWay(how: string): unknown {
    return busyRestore(
      `The INSERT OVERWRITE of ${live.database}.${live.as} that was sent before is under way (${how}): waits for its end`,
    )
  }

  /** It can be refused because one before it got through after all. */
  async function overwrite(): Promise<'done' | 'presumed'> {
    const there = new Set((await listPartitions(cluster, live.database, live.as, { signal })).map(({ name }) => name))
    const missing = names.filter((name) => !there.has(name))
    await switchOffNoted(context, live.database, live.as, switchedOff(mark, live.as))
    if (missing.length > 0) {
      const part = { planned: live, part: { label: 0, names: missing }, first: false, addFirst: true }
      if (planned.table.partitioning === 'list' || planned.table.partitioning === 'automatic-list') {
        await addListPartitions(context, part)
      } else await addRangePartitions(context, live, missing)
    }
    const columns = await commonColumns(context, planned)
    context.tell(`overwrite ${names.length} partitions of ${outline.database}.${planned.target}`)
    const variables = await statementTimeouts(cluster, OVERWRITE_SECONDS, { signal })
    const timeoutMs = OVERWRITE_SECONDS * 1_000 + MARGIN_MS
    try {
      const statement = overwriteStatement(outline, planned, columns, free)
      await cluster.execute(statement, { signal, timeoutMs, long: true, variables })
      return 'done'
    } catch (error) {
      if (!(error instanceof StarRocksError) || isUnreachable(error)) throw error
      const end = again ? await lookForEnd() : 'not-done'
      if (end !== 'not-done') return end
      refusals.add(error)
      throw error
    }
  }
}

/** Columns that can be written; both tables must have the same. Generated ones are computed again. */
async function commonColumns(context: RestoreContext, planned: PlannedTable): Promise<string[]> {
  const { cluster, outline } = context
  const [live, restored] = await Promise.all([
    showCreate(cluster, outline.database, planned.target),
    showCreate(cluster, planned.database, planned.as),
  ])
  const columns = (text: string) =>
    readTable(text)
      .columns.filter((column) => column.generated === undefined)
      .map((column) => column.name)
  const wanted = columns(restored.text)
  const have = new Set(columns(live.text).map((name) => name.toLowerCase()))
  const lacking = wanted.filter((name) => !have.has(name.toLowerCase()))
  if (lacking.length > 0 || have.size !== wanted.length) {
    throw refusedRestore(
      `${outline.database}.${planned.target} has other columns than at the backup (${lacking.join(', ') || 'some are new'}); its partitions stay in ${quoteQualified(planned.database, planned.as)}: write them with an INSERT OVERWRITE … SELECT of your own, or restore the whole table aside`,
    )
  }
  return wanted
}
