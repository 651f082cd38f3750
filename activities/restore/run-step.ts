import type { Context } from '@temporalio/activity'
import type { RestoreJobProgress } from '../../contract/backup/restore-api.ts'
import { own } from '../../planning/backup/changes.ts'
import { largestTablet } from '../../planning/backup/largest-tablet.ts'
import { type OverwriteMark, switchedOff } from '../../planning/restore/overwrite-mark.ts'
import { jobTimeout } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import type { RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import { listPartitions } from '../../starrocks/index.ts'
import { uncountedWarnings } from '../row-counts/index.ts'
import { placeOf } from '../snapshot-jobs/index.ts'
import { type ClearMark, clearTables, markClear } from './clear-tables.ts'
import { createEmpty } from './create-empty.ts'
import { deleteOwnSnapshots, passageLabels } from './delete-own-snapshots.ts'
import { isThere } from './is-there.ts'
import { type JobMark, markJob, withLive } from './job-mark.ts'
import { readDatabase } from './live-objects.ts'
import { makeViews } from './make-views.ts'
import { isRefusal, markOverwrite, overwritePartitions } from './overwrite-partitions.ts'
import { takeOwnSnapshot } from './own-snapshot.ts'
import { addListPartitions } from './prepare-partitions.ts'
import { quietLiveTable, quietTables } from './quiet-tables.ts'
import { refreshViews } from './refresh-views.ts'
import { markRename, type RenameMark, renameDatabase } from './rename-database.ts'
import type { OwnSnapshot, RestoreContext } from './restore-context.ts'
import { corruptRestore, overwriteFailure, refusedRestore } from './restore-failures.ts'
import { runRestoreJob } from './restore-job.ts'
import { objectsInSnapshot, placeOfStep } from './restore-order.ts'
import { noteLivePartitions } from './restored-over.ts'
import { settleReplaced } from './settle-replaced.ts'
import { createDatabaseStatement, dropDatabaseStatement, writeRestore, writeRestoreAgain } from './step-statements.ts'
import { dropSurplus } from './surplus-partitions.ts'
import { markSwap, type SwapMark, swapTables } from './swap-tables.ts'
import { tendTables } from './tend-tables.ts'
import { type VerifyWhere, verifyTable } from './verify-tables.ts'
import { partitionsMark } from './written-since.ts'

export type StepMark = JobMark | SwapMark | RenameMark | OverwriteMark | ClearMark | null

/** What a step needs to have noted before it is begun. */
export async function markStep(context: RestoreContext, step: RestorePlanStep): Promise<StepMark> {
  switch (step.kind) {
    case 'restore':
      return withLive(
        await markJob(context.cluster, placeOf(placeOfStep(context, step))),
        await noteLivePartitions(context, step),
      )
    case 'restore-again':
      return markJob(context.cluster, placeOf(placeOfStep(context, step)))
    case 'swap':
    case 'rename-tables':
      return markSwap(context, step.tables)
    case 'rename-database':
      return markRename(context)
    case 'clear':
      return markClear(context, step.tables)
    case 'overwrite':
      return markOverwrite(context, step.tables)
    default:
      return null
  }
}

export interface StepRun {
  /** The workflow's own count of the times that this step was tried. */
  attempt: number
  mark: StepMark
  snapshots: readonly OwnSnapshot[]
  /** What was noted of live tables before they were restored over. */
  cleared?: readonly (ClearMark | null)[]
  /** Of those before partitions of them were overwritten. */
  overwritten?: readonly (OverwriteMark | null)[]
  report(progress: unknown): void
  /** What a try before this one reported last, in another worker perhaps. */
  reported?: unknown
}

export interface StepDone {
  snapshot?: OwnSnapshot
  /** Of tables that have live names from the beginning: what `partitionsMark` tells of the partitions that were restored just now. */
  made?: Record<string, string>
  /** Compared with the record. */
  partitions?: number
  counted?: number
  /** Tables whose rows should have been counted and could not be. */
  uncounted?: number
  /** Live tables whose chosen partitions hold the backup now. */
  overwritten?: string[]
}

/** What goes along with the failure of such a step. */
export interface OverwriteState extends Required<Pick<StepDone, 'overwritten'>> {
  /** The live table whose statement was refused: what was noted of it before tells nothing of the next try. */
  refused?: string
}

const MOST_PROBLEMS = 10

/** Does one step of a restore; each can be done again. */
export async function runStep(
  context: RestoreContext,
  activity: Context,
  step: RestorePlanStep,
  run: StepRun,
): Promise<StepDone> {
  const { cluster, outline, version, signal } = context
  switch (step.kind) {
    case 'create-database':
      await cluster.execute(createDatabaseStatement(step.database), { signal })
      return {}
    case 'clear':
      await clearTables(context, step.tables)
      return {}
    case 'restore':
      return restore(context, activity, step, run)
    case 'create-tables':
      for (const planned of step.tables) await createEmpty(context, planned)
      return {}
    case 'backup':
      return { snapshot: await takeOwnSnapshot(context, activity, step, run.attempt, run.report) }
    case 'restore-again': {
      const snapshot = run.snapshots.find(({ part }) => part === step.part)
      if (!snapshot) throw refusedRestore(`The snapshot that should move tables into ${outline.database} was not made`)
      const tables = step.tables.map((table) => ({ ...table, ...table.again }))
      await runRestoreJob(context, activity, {
        statement: writeRestoreAgain(outline, version, step, snapshot),
        label: snapshot.label,
        timestamp: snapshot.timestamp,
        place: { database: outline.database },
        objects: objectsInSnapshot(step),
        mark: run.mark as JobMark | null,
        timeout: jobTimeout(outline.spec.timeout, context.basis.hash),
        again: run.attempt > 1,
        taken: async () => [],
        largestTablet: largestTablet(tables.flatMap(({ table }) => Object.values(table.partitions))),
        report: run.report,
        isThere: async () => (await verifyAll(context, tables, 'aside', false)).problems.length === 0,
      })
      await quietTables(context, tables)
      for (const planned of tables) if (planned.table.dynamic) await dropSurplus(context, planned)
      return {}
    }
    case 'verify': {
      const { problems, partitions, counted } = await verifyAndCount(context, step.tables, run)
      if (problems.length === 0) {
        const moved = new Set(
          step.tables.flatMap((table) => (isMoved(context, table) ? [`${table.database}.${table.as}`] : [])),
        )
        return { partitions, counted, ...uncounted(context, moved) }
      }
      const more = problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : ''
      throw corruptRestore(
        `What was restored is not what the backup's record says: ${problems.slice(0, MOST_PROBLEMS).join('; ')}${more}`,
      )
    }
    // The workflow waits.
    case 'ask':
      return {}
    case 'swap':
    case 'rename-tables':
      await swapTables(context, step.tables, run.mark as SwapMark)
      return {}
    case 'rename-database':
      await renameDatabase(context, step.tables, run.mark as RenameMark)
      return {}
    case 'overwrite':
      return overwrite(context, activity, step.tables, run)
    case 'views':
      await makeViews(context, step.objects)
      return {}
    case 'tend':
      await tendTables(context, step.tables, run.cleared, run.overwritten)
      return {}
    case 'replaced':
      await settleReplaced(context, step.tables)
      return {}
    case 'materialized-views':
      await refreshViews(context, step.objects)
      return {}
    case 'drop-database':
      await cluster.execute(dropDatabaseStatement(outline.scratch), { signal })
      return {}
    case 'delete-snapshot':
      await deleteOwnSnapshots(context, passageLabels(context))
      return {}
  }
}

async function restore(
  context: RestoreContext,
  activity: Context,
  step: Extract<RestorePlanStep, { kind: 'restore' }>,
  run: StepRun,
): Promise<StepDone> {
  const { outline, version } = context
  const snapshot = outline.record.labels[step.label]
  if (!snapshot) throw refusedRestore(`Backup ${outline.record.id} has no snapshot ${step.label}`)
  const bytes = step.parts.reduce(
    (sum, { planned, part }) =>
      part.names.reduce((all, name) => all + (own(planned.table.partitions, name)?.bytes ?? 0), sum),
    0,
  )
  for (const part of step.parts) if (part.addFirst) await addListPartitions(context, part)
  await runRestoreJob(context, activity, {
    statement: writeRestore(outline, version, step),
    label: snapshot.label,
    timestamp: snapshot.timestamp,
    place: placeOf(step.database),
    objects: objectsInSnapshot(step),
    mark: run.mark as JobMark | null,
    timeout: jobTimeout(outline.spec.timeout, context.basis.hash),
    again: run.attempt > 1,
    taken: () => takenNames(context, step),
    bytes: bytes > 0 ? bytes : undefined,
    largestTablet: largestTablet(
      step.parts.flatMap(({ planned, part }) =>
        part.names.flatMap((name) => own(planned.table.partitions, name) ?? []),
      ),
    ),
    report: run.report,
    isThere: (sent) => isThere(context, step, run.mark as JobMark | null, sent),
  })
  const made = step.parts.filter(({ first }) => first).map(({ planned }) => planned)
  const known = context.basis.bare ? [] : step.parts.map(({ planned }) => planned)
  await quietTables(
    context,
    known.filter(({ route }) => route !== 'in-place'),
  )
  // As a rule they are off since the way was cleared; a worker of a former version may have done that, and left them on.
  for (const { database, as } of known.filter(({ route }) => route === 'in-place')) {
    await quietLiveTable(context, database, as, `${database}.${as}`)
  }
  // A snapshot of all of a table may hold partitions that were dropped since; and until it was switched off the cluster may have added some.
  for (const planned of made) {
    const emptied = planned.parts.every(({ names }) => names.length === 0)
    if (emptied || planned.table.dynamic) await dropSurplus(context, planned)
  }
  const partitions: [string, string][] = []
  for (const { planned, part } of context.basis.bare ? [] : step.parts) {
    if (planned.route === 'direct') partitions.push([planned.as, await partitionsMark(context, planned, part.names)])
  }
  return partitions.length > 0 ? { made: Object.fromEntries(partitions) } : {}
}

/** Table after table; a failure tells of which ones the live partitions hold the backup already. */
async function overwrite(
  context: RestoreContext,
  activity: Context,
  tables: readonly PlannedTable[],
  run: StepRun,
): Promise<StepDone> {
  const overwritten: string[] = []
  const mark = run.mark as OverwriteMark | null
  for (const [at, planned] of tables.entries()) {
    try {
      await overwritePartitions(context, planned, {
        mark,
        again: run.attempt > 1 || activity.info.attempt > 1,
      })
    } catch (error) {
      const refused = isRefusal(error) ? planned.target : undefined
      const untouched = tables.slice(at + 1).map(({ target }) => target)
      const off = Object.keys(switchedOff(mark, planned.target))
      throw overwriteFailure(error, planned.target, { overwritten, untouched, refused, off })
    }
    overwritten.push(planned.target)
  }
  return { overwritten, ...uncounted(context) }
}

/**
 * Of what a job makes under live names that were free: what is there already, and is not the restore's. That are tables and views, and of tables that get
 * their partitions by several jobs those partitions that somebody has loaded into before their turn has come.
 */
async function takenNames(
  { cluster, outline, signal }: RestoreContext,
  step: Extract<RestorePlanStep, { kind: 'restore' }>,
): Promise<string[]> {
  if (step.database !== outline.database) return []
  const direct = step.parts.filter(({ planned }) => planned.route === 'direct')
  const names = [
    ...direct.flatMap(({ planned, first }) => (first ? [planned.as] : [])),
    ...step.objects.flatMap(({ kind, target }) => (kind === 'view' || kind === 'materializedView' ? [target] : [])),
  ]
  const taken: string[] = []
  if (names.length > 0) {
    const live = await readDatabase(cluster, outline.database, signal)
    for (const name of names) if (live?.objects.has(name)) taken.push(`${outline.database}.${name}`)
  }
  for (const { planned, part, first } of direct) {
    if (first) continue
    const mine = new Set(part.names)
    for (const { name, visibleVersion } of await listPartitions(cluster, planned.database, planned.as, { signal })) {
      if (mine.has(name) && visibleVersion > 1n) taken.push(`partition ${name} of ${planned.database}.${planned.as}`)
    }
  }
  return taken
}

/** What was counted already, or could not be, goes along in the heartbeat: who goes on with it does not count it again. */
interface VerifyReport extends RestoreJobProgress {
  counted: Record<string, number | string>
}

async function verifyAndCount(
  context: RestoreContext,
  tables: readonly Parameters<typeof verifyTable>[1][],
  run: StepRun,
): Promise<Awaited<ReturnType<typeof verifyAll>>> {
  const { counter, spec } = context
  const counted: VerifyReport['counted'] = { ...(run.reported as Partial<VerifyReport> | undefined)?.counted }
  for (const [table, reason] of Object.entries(counted)) {
    if (typeof reason === 'string') counter.uncounted.push({ table, reason })
  }
  const all = { partitions: 0, counted: 0, problems: [] as string[] }
  for (const [at, planned] of tables.entries()) {
    const name = `${planned.database}.${planned.as}`
    const doing = spec.verify === 'counts' ? `counting rows (${at} of ${tables.length} tables)` : 'comparing tables'
    run.report({ label: '', database: '', state: '', doing: `${doing}: ${name}`, counted } satisfies VerifyReport)
    const known = counted[name]
    const one = await verifyAll(context, [planned], undefined, known === undefined ? undefined : false)
    if (!isMoved(context, planned)) {
      all.partitions += one.partitions
      all.counted += typeof known === 'number' ? known : one.counted
    }
    all.problems.push(...one.problems)
    if (one.problems.length > 0 || known !== undefined) continue
    counted[name] =
      counter.uncounted.find(({ table }) => table === name)?.reason.slice(0, LONGEST_REASON) ?? one.counted
  }
  return all
}

const LONGEST_REASON = 300

/** It is compared, and counted, once more where it gets to: only that counts. */
const isMoved = ({ outline }: RestoreContext, { again, database }: PlannedTable) =>
  again !== undefined && database === outline.scratch

function uncounted(
  { counter, warn }: RestoreContext,
  moved: ReadonlySet<string> = new Set(),
): Pick<StepDone, 'uncounted'> {
  const lacking = counter.uncounted.filter(({ table }) => !moved.has(table))
  for (const warning of uncountedWarnings(lacking)) warn(warning)
  return lacking.length > 0 ? { uncounted: lacking.length } : {}
}

async function verifyAll(
  context: RestoreContext,
  tables: readonly Parameters<typeof verifyTable>[1][],
  where: VerifyWhere | undefined,
  count: boolean | undefined,
) {
  const all = { partitions: 0, counted: 0, problems: [] as string[] }
  for (const planned of tables) {
    context.signal?.throwIfAborted()
    const live = planned.as === planned.target && planned.database === context.outline.database
    const one = await verifyTable(
      context,
      planned,
      where ?? (live ? 'live' : 'aside'),
      count === undefined ? {} : { count },
    )
    all.partitions += one.partitions
    all.counted += one.counted
    all.problems.push(...one.problems)
  }
  return all
}
