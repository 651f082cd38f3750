import { own } from '../../planning/backup/changes.ts'
import { someOf } from '../../planning/backup-preflight/make-finding.ts'
import { type OverwriteMark, switchedOff } from '../../planning/restore/overwrite-mark.ts'
import { asideName, jobTimeout } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { alterSet } from '../../starrocks/ddl/index.ts'
import { quoteName, quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { cancelOurs, placeOf } from '../snapshot-jobs/index.ts'
import type { BeforeClearing, ClearMark } from './clear-tables.ts'
import type { JobMark } from './job-mark.ts'
import { kindOf, type LiveDatabase, readDatabase } from './live-objects.ts'
import { mayBeDone } from './overwrite-partitions.ts'
import { databaseMark, type RenameMark } from './rename-database.ts'
import type { RestoreContext } from './restore-context.ts'
import { isOurs } from './restore-job.ts'
import { objectsInSnapshot, placeOfStep } from './restore-order.ts'
import { partsInPlace, wasRestoredOver } from './restored-over.ts'
import { dropCopyStatement, dropDatabaseStatement, swapStatement } from './step-statements.ts'
import { type BeforeSwap, markedTable, type SwapMark } from './swap-tables.ts'
import { type BeforeOthers, writtenSince } from './written-since.ts'

export interface UndoOrder {
  /** Steps that were done, counted from the first. */
  done: number
  /** The step that was begun, and perhaps not ended, with what was noted before it. */
  begun?: { step: number; mark?: unknown }
  /** Steps of publishing that were begun, with what was noted before; they have been taken back by now, as far as that was possible. */
  published?: { step: number; mark?: unknown }[]
  /** Steps that dropped what was in the way of live tables, or began to, with what was noted before. */
  cleared?: { step: number; mark?: unknown }[]
  /** What was noted of tables with live names when steps had restored partitions of them. */
  made?: { step: number; partitions: Record<string, string> }[]
}

/**
 * Removes everything that the restore made beside the live objects, and under names that were free before; live objects are as they were, except for
 * what was restored in place, which is told. What ever had a live name is dropped only if nobody has written to it, and into the recycle bin; all else stays
 * and is told. Jobs of ours end first. Can be repeated. Returns what is left, in sentences.
 */
export async function undoRestore(
  context: RestoreContext,
  { done, begun, published = [], cleared = [], made: noted = [] }: UndoOrder,
): Promise<string[]> {
  const { cluster, outline, basis, steps } = context
  const { database, scratch } = outline
  const left: string[] = []
  const end = begun ? await endJob(context, begun, left) : 'undone'
  const reached = begun && end === 'done' ? begun.step + 1 : done
  const made = new Set<string>()
  const direct = new Map<string, { planned: PlannedTable; before: BeforeOthers[] }>()
  for (const [at, step] of steps.slice(0, reached).entries()) {
    if (step.kind === 'restore') {
      for (const { planned, part } of step.parts) {
        if (planned.route !== 'direct') continue
        const mark = own(noted.find((one) => one.step === at)?.partitions ?? {}, planned.as)
        const before = [...(direct.get(planned.as)?.before ?? []), { names: part.names, mark }]
        direct.set(planned.as, { planned, before })
      }
      for (const object of step.objects) {
        if (object.kind === 'catalog') {
          await drop(`DROP CATALOG IF EXISTS ${quoteName(object.target)}`, `external catalog ${object.target}`)
        } else if (object.kind === 'function' && object.database === database) {
          left.push(`function ${object.target} of ${database} stays: DROP FUNCTION wants its argument types`)
        } else if (object.database === database) made.add(object.target)
      }
    }
  }
  const { restored, renamed } = onceLive(context, published)
  const live = await readDatabase(cluster, database)
  if (live) {
    for (const planned of outline.tables) await dropAside(live, planned)
    for (const { planned, before } of direct.values()) {
      if (!live.objects.has(planned.as)) continue
      const partly =
        before.length < planned.parts.length ? `, ${before.length} of ${planned.parts.length} snapshots` : ''
      await dropUnlessWritten(planned, before, `it holds backup ${basis.backup}${partly}`)
    }
    for (const name of made) {
      const object = live.objects.get(name)
      if (!object) continue
      const kind = kindOf(object)
      const statement =
        kind === 'materializedView'
          ? `DROP MATERIALIZED VIEW IF EXISTS ${quoteName(database)}.${quoteName(name)}`
          : kind === 'view'
            ? `DROP VIEW IF EXISTS ${quoteName(database)}.${quoteName(name)}`
            : `DROP TABLE IF EXISTS ${quoteQualified(database, name)}`
      await drop(statement, `${database}.${name}, which the restore made`)
    }
    // Made for this restore, and by it alone.
    const madeDatabase =
      !basis.databaseExisted && steps.slice(0, reached).some((step) => step.kind === 'create-database' && !step.scratch)
    if (madeDatabase) {
      const rest = await readDatabase(cluster, database)
      if (rest && rest.objects.size === 0)
        await drop(dropDatabaseStatement(database), `database ${database}, which the restore made`)
    }
  }
  const assembled = scratch !== database ? await readDatabase(cluster, scratch) : undefined
  if (assembled) await dropScratch(assembled)
  left.push(...inPlaceState(context, reached, begun && { step: begun.step, unclear: end === 'unclear' }, cleared))
  for (const { step: at, mark } of cleared) {
    const step = steps[at]
    for (const planned of step?.kind === 'clear' ? step.tables : []) {
      const restored = steps
        .slice(0, begun && end === 'unclear' ? begun.step + 1 : reached)
        .some((step) => step.kind === 'restore' && step.parts.some((part) => part.planned.name === planned.name))
      const noted = own((mark as ClearMark | null | undefined) ?? {}, planned.target)
      await switchOnAgain(planned, noted?.settings ?? {}, restored)
    }
  }
  for (const { step: at, mark } of published) {
    const step = steps[at]
    for (const planned of step?.kind === 'overwrite' ? step.tables : []) {
      const noted = (mark as OverwriteMark | null | undefined) ?? null
      const settings = switchedOff(noted, planned.target)
      if (Object.keys(settings).length > 0)
        await switchOnAgain(planned, settings, await mayBeDone(context, planned, noted))
    }
  }
  return left

  /** What was switched off before live tables were written to. Where old partitions may have come since, the statement is told only: they would go at once. */
  async function switchOnAgain(
    { target }: PlannedTable,
    settings: Readonly<Record<string, string>>,
    restored: boolean,
  ): Promise<void> {
    for (const [property, value] of Object.entries(settings)) {
      const statement = alterSet({ database, name: target }, { [property]: value })
      const what = `${property} of ${database}.${target}`
      if (!restored) await run(statement, `${what} stays off`)
      else
        left.push(`${what} was switched off, so that nothing of the backup is dropped; to switch it on: ${statement}`)
    }
  }

  /** The restored table that waits for the live name, or has given it back. */
  async function dropAside({ objects }: LiveDatabase, planned: PlannedTable): Promise<void> {
    const { route, target } = planned
    if (route !== 'swap' && route !== 'rebackup-swap' && route !== 'rename' && route !== 'rebackup') return
    const as = asideName(target, basis.hash)
    const object = objects.get(as)
    if (!object) return
    const { id, partitions } = restored.get(target) ?? {}
    if (id === undefined) return drop(dropCopyStatement(database, as), `${database}.${as}, which the restore made`)
    if (String(object.id) === id)
      return dropUnlessWritten({ ...planned, database, as }, [{ mark: partitions }], 'it had the live name')
    left.push(
      `${database}.${as} is the table that was live before, and ${database}.${target} the restored one: to change them back, ${swapStatement(database, target, as)}`,
    )
  }

  async function dropUnlessWritten(planned: PlannedTable, before: BeforeOthers[], what: string): Promise<void> {
    const name = quoteQualified(planned.database, planned.as)
    const written = await writtenSince(context, planned, before)
    if (written === undefined) {
      await drop(`DROP TABLE IF EXISTS ${name}`, `${planned.database}.${planned.as}, which the restore made`)
    } else left.push(`${written}; ${what}, and it stays. If nobody needs it: DROP TABLE ${name}`)
  }

  async function dropScratch({ id, objects }: LiveDatabase): Promise<void> {
    const what = `database ${scratch}, in which tables were put together`
    if (renamed === undefined) return drop(dropDatabaseStatement(scratch), what)
    if (String(id) !== renamed.restored) return
    const planned = new Map(outline.tables.flatMap((table) => [table.as, table.target].map((name) => [name, table])))
    const tables: PlannedTable[] = []
    const stays = (why: string) =>
      left.push(
        `Database ${scratch} had the live name: ${why}; it stays. If nobody needs it: DROP DATABASE ${quoteName(scratch)}`,
      )
    for (const [name, object] of objects) {
      if (kindOf(object) !== 'table') continue
      const table = planned.get(name)
      const now = table && { ...table, database: scratch, as: name }
      const written = now ? await writtenSince(context, now, []) : `somebody made ${name} in it`
      if (written !== undefined) return void stays(written)
      if (now) tables.push(now)
    }
    if (renamed.partitions === undefined)
      return void stays('whether tables in it were overwritten cannot be told: their partitions were not noted')
    if ((await databaseMark(context, tables)) !== renamed.partitions)
      return void stays(
        'partitions in it are others than those that were restored: somebody has overwritten or dropped some since',
      )
    await drop(`DROP DATABASE IF EXISTS ${quoteName(scratch)}`, what)
  }

  async function drop(statement: string, what: string): Promise<void> {
    context.tell(`remove ${what}`)
    await run(statement, `${what} could not be removed`)
  }

  async function run(statement: string, otherwise: string): Promise<void> {
    try {
      await cluster.execute(statement)
    } catch (error) {
      if (!(error instanceof StarRocksError) || isAway(error)) throw error
      if (error.kind === 'NotFound') return
      left.push(`${otherwise} (${error.message}); by hand: ${statement}`)
    }
  }
}

/** What had, or was about to have, a live name: what was noted of restored tables by that name, and of the restored database. */
function onceLive(
  { steps }: RestoreContext,
  published: NonNullable<UndoOrder['published']>,
): { restored: Map<string, Partial<BeforeSwap>>; renamed?: RenameMark } {
  const restored = new Map<string, Partial<BeforeSwap>>()
  let renamed: RenameMark | undefined
  for (const { step: at, mark } of published) {
    const step = steps[at]
    if (step?.kind === 'rename-database') renamed = (mark as RenameMark | null | undefined) ?? undefined
    if (step?.kind !== 'swap' && step?.kind !== 'rename-tables') continue
    for (const { target } of step.tables) restored.set(target, markedTable(mark as SwapMark | null | undefined, target))
  }
  return { restored, renamed }
}

const isAway = ({ kind }: StarRocksError) =>
  kind === 'Unreachable' || kind === 'OutcomeUnknown' || kind === 'NotLeader' || kind === 'Busy'

/**
 * Ends the job of a step that was begun: cancelled, unless it is COMMITTING; then its end is waited for. Whether it had done its work; `unclear` only of live
 * tables, told in `left`.
 */
async function endJob(
  context: RestoreContext,
  begun: NonNullable<UndoOrder['begun']>,
  left: string[],
): Promise<'done' | 'undone' | 'unclear'> {
  const { cluster, outline, basis, steps } = context
  const step = steps[begun.step]
  if (!step) return 'undone'
  if (step.kind === 'backup') {
    const place = { database: outline.scratch }
    await cancelOurs(cluster, 'backup', place, (job) => job.label.startsWith(`sfr_${basis.hash}_${step.part}_`))
    return 'undone'
  }
  if (step.kind !== 'restore' && step.kind !== 'restore-again') return step.kind === 'create-tables' ? 'done' : 'undone'
  const mark = (begun.mark as JobMark | null | undefined) ?? null
  const place = placeOf(placeOfStep(context, step))
  const labels = step.kind === 'restore' ? [outline.record.labels[step.label]?.label] : undefined
  const ours = step.kind === 'restore' ? undefined : `sfr_${basis.hash}_${step.part}_`
  const mine = (job: Parameters<typeof isOurs>[0]) =>
    (ours === undefined ? labels?.includes(job.label) === true : job.label.startsWith(ours)) &&
    isOurs(job, {
      label: job.label,
      timestamp: job.kind === 'restore' ? job.timestamp : '',
      objects: objectsInSnapshot(step),
      mark,
      timeout: jobTimeout(outline.spec.timeout, basis.hash),
    })
  for (;;) {
    const end = await cancelOurs(cluster, 'restore', place, mine)
    if (end.outcome === 'committing') {
      context.tell(`wait for the end of restore ${end.job.label}, which is COMMITTING and must not be cancelled`)
      await pause(1_000, context.signal)
      context.signal?.throwIfAborted()
      continue
    }
    if (end.outcome === 'finished') return 'done'
    if (end.outcome === 'cancelled' || step.kind !== 'restore' || partsInPlace(step).length === 0) return 'undone'
    // No job of ours is there any more, or none ever was: another one may have taken its place after it had ended.
    const state = mark?.live ? await wasRestoredOver(context, step, mark.live) : 'unclear'
    if (state === 'unclear') {
      const names = partsInPlace(step).map(({ planned }) => planned.as)
      left.push(
        `Whether snapshot ${step.label + 1} of backup ${basis.backup} was restored over ${someOf(names)} cannot be told: no row of that job is there any more. Look at the rows`,
      )
    }
    return state
  }
}

/** Of tables restored in place: untouched, or in which state exactly. Where all of them are untouched there is nothing to tell. */
function inPlaceState(
  { steps, basis, outline }: RestoreContext,
  reached: number,
  begun: { step: number; unclear: boolean } | undefined,
  marks: NonNullable<UndoOrder['cleared']>,
): string[] {
  const inPlace = outline.tables.filter(({ route }) => route === 'in-place')
  if (inPlace.length === 0) return []
  let untouched = true
  const states = inPlace.map(({ target, parts, name }) => {
    const touched = (index: number) => {
      const step = steps[index]
      if (step?.kind === 'clear') return step.tables.some((table) => table.name === name)
      return step?.kind === 'restore' && step.parts.some(({ planned }) => planned.name === name)
    }
    const restored = steps.slice(0, reached).filter((step, at) => step.kind === 'restore' && touched(at)).length
    const clear = steps.findIndex((step, at) => step.kind === 'clear' && touched(at))
    const cleared = clear >= 0 && clear < reached
    const running = begun !== undefined && begun.step >= reached && touched(begun.step)
    const clearing = running && begun.step === clear
    const unclear = running && !clearing && begun.unclear
    const before = own((marks.find(({ step }) => step === clear)?.mark as ClearMark | null | undefined) ?? {}, target)
    // Of a table that nothing was in the way of nothing is noted.
    const drops = before?.dropCount ?? (marks.some(({ step, mark }) => step === clear && mark) ? 0 : undefined)
    const begunOn = (cleared || clearing) && drops !== 0
    if (restored === 0 && !begunOn && !unclear) return `${target} is as it was`
    untouched = false
    if (restored >= parts.length && !clearing) return `${target} holds the backup ${basis.backup}, completely`
    const how = `${restored} of ${parts.length} snapshots of backup ${basis.backup} were restored over it`
    const names = before && before.dropCount > 0 ? `: ${droppedOf(before)}` : ''
    const partitions =
      drops === 0
        ? ''
        : clearing
          ? `; partitions that were in the way may have been dropped${names}`
          : cleared
            ? `; partitions that were in the way were dropped${names}`
            : ''
    const open =
      running && !clearing
        ? `; the next one was begun${unclear ? ', see above' : ' and ended before it replaced any files'}`
        : ''
    return `${target}: ${how}${partitions}${open}. Run the same restore again to complete it`
  })
  return untouched ? [] : states
}

const droppedOf = ({ drops, dropCount }: BeforeClearing) =>
  `${drops.join(', ')}${dropCount > drops.length ? ` and ${dropCount - drops.length} more` : ''}`
