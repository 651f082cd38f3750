import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { ClearMark } from '../../activities/restore/clear-tables.ts'
import type { RestoreCheck } from '../../activities/restore/index.ts'
import type { OwnSnapshot } from '../../activities/restore/restore-context.ts'
import type { OverwriteState, StepMark } from '../../activities/restore/run-step.ts'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import type { RestoreResult, RestoreStatus } from '../../contract/backup/restore-api.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { type OverwriteMark, remarked } from '../../planning/restore/overwrite-mark.ts'
import {
  kindOfCode,
  needsMark,
  phaseOf,
  type RestoreBasis,
  type StepPhase,
} from '../../planning/restore/restore-basis.ts'
import { control } from '../activities.ts'
import { asCancellation, wasCancelled } from '../cancelled.ts'
import { setSearchAttributes } from '../search-attributes.ts'
import { looks, steps } from './activities.ts'
import { stepWords } from './step-words.ts'

const MOST_WARNINGS = 100
/** The lease of the snapshots holds for three. */
const PROLONG_MS = 24 * 3_600_000

/** One restore as an entity: assembles, verifies, waits to be published, publishes; or takes back what it made. */
export class RestoreRun {
  readonly status: RestoreStatus
  readonly #spec: RestoreSpec
  readonly #live = new CancellationScope()
  #check: RestoreCheck | undefined
  #done = 0
  #begun: { step: number; mark: StepMark } | undefined
  /** The table of a step whose partitions have to be noted anew before the next try. */
  #refused: { step: number; table: string } | undefined
  readonly #published: { step: number; mark: StepMark }[] = []
  /** Steps that drop what is in the way of live tables, with what was noted of these before. */
  readonly #cleared: { step: number; mark: StepMark }[] = []
  /** What was noted of tables that had live names from the beginning, by the step that restored partitions of them. */
  readonly #made: { step: number; partitions: Record<string, string> }[] = []
  readonly #snapshots: OwnSnapshot[] = []
  #wantsPublish = false
  #discarded = false
  /** From here on it goes on to the end. */
  #final = false
  #attached = false
  /** It was asked for: it may be there even if the answer was lost. */
  #leased = false
  /** When it was last had. */
  #leasedAt: number | undefined
  #partitions = 0
  #counted = 0
  /** Tables whose rows were to be compared and could not be counted. */
  #uncounted = 0
  /** Live tables whose chosen partitions were overwritten. */
  readonly #overwritten = new Set<string>()
  readonly #passed = new Set<number>()
  /** Publishing failed, and waits to be done once more. */
  #held = false
  /** It may be published. */
  #asked = false

  constructor(spec: RestoreSpec) {
    this.#spec = spec
    this.status = {
      name: spec.name,
      cluster: spec.cluster,
      repository: spec.repository,
      state: 'checking',
      step: 'look at backup and target',
      stepsDone: 0,
      stepsTotal: 0,
      where: [],
      warnings: [],
      left: [],
    }
  }

  get mayPublish(): string | undefined {
    return this.status.state === 'ready'
      ? undefined
      : `it is ${this.status.state}; it can be published when it is ready`
  }

  get mayDiscard(): string | undefined {
    const { state } = this.status
    if (['checking', 'restoring', 'verifying', 'ready'].includes(state)) return undefined
    return state === 'publishing' ? 'it is being published' : `it is ${state}`
  }

  publish(): void {
    this.#wantsPublish = true
  }

  discard(): void {
    this.#discarded = true
    this.#live.cancel()
  }

  cancel(): void {
    // Once it is published there is nothing to take back; what is left to do only puts things right.
    if (!this.#final) this.#live.cancel()
  }

  /** Ends when the restore has; throws a failure or a cancellation after everything was taken back. */
  async run(): Promise<RestoreResult> {
    const started = Date.now()
    try {
      await this.#live.run(() => this.#restore())
    } catch (error) {
      if (!this.#final) return CancellationScope.nonCancellable(() => this.#end(error, started))
      // It has the live names, and nobody asked to take them away again.
      this.#warn([messageOf(error)])
    }
    await CancellationScope.nonCancellable(async () => {
      await this.#orWarn('The lease of its snapshots runs out by itself', () => this.#release())
      await this.#orWarn('The repository stays attached', () => this.#detach())
      await this.#orWarn('The metrics do not tell of it', () => this.#note('ok', started))
    })
    this.#set('finished', 'done')
    return this.#result(true, started)
  }

  /** Of what comes after the publication: its failure is told, and takes nothing back. */
  async #orWarn(what: string, act: () => Promise<void>): Promise<void> {
    const left: string[] = []
    await this.#orLeft(left, what, act)
    this.#warn(left)
  }

  async #restore(): Promise<void> {
    const spec = this.#spec
    this.#set('checking', 'look at backup and target')
    const repository = await looks.attachRestoreRepository({ spec })
    this.#attached = repository.attached
    const check = await looks.checkRestore({ spec, repository, runId: workflowInfo().runId })
    this.#check = check
    const { basis, summary } = check
    this.status.backup = summary.backup.id
    this.status.stepsTotal = basis.steps.length
    setSearchAttributes({
      kind: 'restore',
      cluster: spec.cluster,
      database: spec.rename.database ?? summary.backup.database,
    })
    this.#warn(check.warnings)
    this.#warn(summary.notRestored.map(({ object, reason }) => `not restored: ${object}: ${reason}`))
    this.#heed(check)
    await this.#lease(check)
    // Found there, attached by another restore for itself: that one keeps it for us only if it ended after we said so.
    if (!repository.writable && !repository.attached)
      this.#attached = (await looks.attachRestoreRepository({ spec })).attached

    await this.#phase('assemble', check)
    this.status.where = summary.whereAssembled
    // Its record is read until the end, also when that is days later.
    if (!patched('leased-until-the-end')) await this.#release()
    if (!this.#asked && [...basis.steps].some((code) => phaseOf(kindOfCode(code)) === 'publish'))
      await this.#untilItMay(check)
    await this.#publishAll(check)
    this.#final = true
    if (spec.publish !== 'never') this.status.where = summary.wherePublished
    await CancellationScope.nonCancellable(async () => {
      this.#set('cleaning', 'put right what was left behind')
      await this.#phase('after', check)
      await this.#phase('clean', check)
    })
  }

  /** Fatal findings end it before anything was changed. */
  #heed({ findings }: RestoreCheck): void {
    const ignored = new Set(this.#spec.ignore)
    const fatal = findings.filter(({ level, code }) => level === 'fatal' && !ignored.has(code))
    this.#warn(
      findings.filter((finding) => !fatal.includes(finding) && finding.level !== 'info').map(({ message }) => message),
    )
    if (fatal.length === 0) return
    const texts = fatal
      .slice(0, 10)
      .map(({ code, message, remedy }) => `${message}${remedy ? `. ${remedy}` : ''} (${code})`)
    const more = fatal.length > 10 ? `; and ${fatal.length - 10} more` : ''
    throw ApplicationFailure.nonRetryable(`${texts.join('; ')}${more}`, BACKUP_ERRORS.refused)
  }

  /** A person says whether it takes the live names; also where something is in the way, so that hours of work are not taken back for that. */
  async #untilItMay({ basis }: RestoreCheck): Promise<void> {
    const spec = this.#spec
    if ((spec.publish === 'ask' && spec.mode === 'aside') || this.#uncounted > 0) {
      const lacking =
        this.#uncounted > 0 ? `: rows of ${this.#uncounted} tables could not be counted, see the warnings` : ''
      await this.#ready(`somebody to publish or to discard it${lacking}`)
    }
    for (;;) {
      this.#set('publishing', 'look whether the live names are as they were')
      const obstacles = await steps.checkRestorePublish({ spec, basis })
      if (obstacles.length === 0) break
      await this.#ready(`somebody to make way, and to publish it then, or to discard it: ${obstacles.join('; ')}`)
    }
    this.#asked = true
  }

  /** Verified, and beside the live objects. */
  async #ready(waiting: string): Promise<void> {
    this.#wantsPublish = false
    this.#set('ready', 'wait to be published or discarded')
    this.status.waiting = waiting
    this.#tell()
    await this.#untilPublished()
    this.status.waiting = undefined
  }

  /** However long that takes, its record and snapshots are kept: publishing and undoing read them. */
  async #untilPublished(): Promise<void> {
    const published = () => this.#wantsPublish
    if (!patched('leased-while-ready')) return condition(published)
    while (!(await condition(published, PROLONG_MS))) {
      await this.#orWarn('The lease of its snapshots could not be prolonged', () => this.#prolong())
    }
  }

  /** Where INSERT OVERWRITE fails, what was assembled stays: somebody sees to it and publishes once more, or discards it. */
  async #publishAll(check: RestoreCheck): Promise<void> {
    for (;;) {
      try {
        return await this.#phase('publish', check)
      } catch (error) {
        const kind = kindOfCode(check.basis.steps[this.#begun?.step ?? -1] ?? 'v')
        if (this.#isCancelled(error) || kind !== 'overwrite') throw error
        const why = messageOf(error)
        this.#warn([why])
        this.#wantsPublish = false
        const { whereAssembled, whereOverwriting = whereAssembled } = check.summary
        this.status.where = [...whereOverwriting, ...this.#overwrittenState()]
        this.#set('ready', 'wait to be published once more or discarded')
        this.#held = true
        this.status.waiting = `somebody to publish it once more or to discard it: ${why}`
        this.#tell()
        await this.#untilPublished()
        this.#held = false
        this.status.waiting = undefined
      }
    }
  }

  #isCancelled(error: unknown): boolean {
    return isCancellation(error) || wasCancelled(this.#live)
  }

  #overwrittenState(): string[] {
    if (this.#overwritten.size === 0) return []
    return [`Chosen partitions of ${[...this.#overwritten].join(', ')} were overwritten and hold the backup`]
  }

  async #phase(phase: StepPhase, check: RestoreCheck): Promise<void> {
    const { basis, summary } = check
    for (const [step, code] of [...basis.steps].entries()) {
      const kind = kindOfCode(code)
      if (phaseOf(kind) !== phase || this.#passed.has(step)) continue
      const state =
        phase === 'publish' || (phase === 'assemble' && this.#asked)
          ? 'publishing'
          : phase === 'assemble'
            ? kind === 'verify'
              ? 'verifying'
              : 'restoring'
            : 'cleaning'
      this.#set(state, stepWords(kind))
      if (kind === 'ask') {
        this.status.where = summary.whereAssembled
        await this.#untilItMay(check)
      } else await this.#step(step, basis, phase)
      this.#passed.add(step)
      this.#done = phase === 'assemble' ? step + 1 : this.#done
      this.status.stepsDone++
      this.#tell()
    }
  }

  /** What was noted of live tables before partitions of them were overwritten. */
  #overwrites({ steps: codes }: RestoreBasis): (OverwriteMark | null)[] {
    const steps = this.#published.filter(({ step }) => kindOfCode(codes[step] ?? '') === 'overwrite')
    return steps.map(({ mark }) => mark as OverwriteMark | null)
  }

  async #step(step: number, basis: RestoreBasis, phase: StepPhase): Promise<void> {
    const spec = this.#spec
    const kind = kindOfCode(basis.steps[step] ?? '')
    if (phase === 'assemble') await this.#prolongIfPossible()
    // What was noted before the first try tells what it has done, also when it is published once more.
    const before = this.#published.find((one) => one.step === step)
    const marked = needsMark(kind) || (kind === 'clear' && patched('noted-before-clearing'))
    const noted = before ?? { step, mark: marked ? await steps.markRestoreStep({ spec, basis, step }) : null }
    this.#begun = noted
    if (kind === 'clear') this.#cleared.push(noted)
    if (phase === 'publish' && !before) this.#published.push(noted)
    const first = before ? 2 : 1
    for (let attempt = first; ; attempt++) {
      if (this.#refused?.step === step && patched('noted-anew')) {
        const { table } = this.#refused
        const now = (await steps.markRestoreStep({ spec, basis, step })) as OverwriteMark | null
        noted.mark = remarked(noted.mark as OverwriteMark | null, table, now)
        this.#refused = undefined
      }
      try {
        const snapshots = [...this.#snapshots]
        const live = {
          cleared: this.#cleared.map(({ mark }) => mark as ClearMark | null),
          overwritten: this.#overwrites(basis),
        }
        const result = await steps.runRestoreStep({
          spec,
          basis,
          step,
          mark: noted.mark,
          attempt,
          snapshots,
          ...(kind === 'tend' ? live : {}),
        })
        for (const table of result.overwritten ?? []) this.#overwritten.add(table)
        if (result.made) this.#made.push({ step, partitions: result.made })
        if (result.snapshot) this.#snapshots.push(result.snapshot)
        if (phase === 'assemble') {
          this.#partitions += result.partitions ?? 0
          this.#counted += result.counted ?? 0
          this.#uncounted += result.uncounted ?? 0
        }
        this.#warn(result.warnings)
        this.#begun = undefined
        return
      } catch (error) {
        if (isCancellation(error)) throw error
        const cause = error instanceof ActivityFailure ? error.cause : error
        const type = cause instanceof ApplicationFailure ? cause.type : undefined
        if (kind === 'overwrite' && cause instanceof ApplicationFailure) {
          const [state] = (cause.details ?? []) as [OverwriteState?]
          for (const table of state?.overwritten ?? []) this.#overwritten.add(table)
          if (state?.refused !== undefined) this.#refused = { step, table: state.refused }
        }
        if (type === BACKUP_ERRORS.aborted && attempt - first + 1 < spec.attempts) {
          this.#warn([`${stepWords(kind)}, try ${attempt}: ${messageOf(error)}`])
          await sleep(Math.min(60_000, 2_000 * 2 ** attempt))
          continue
        }
        // The live names hold what was restored: what comes after puts things right, and its failure must not take that back.
        if (phase === 'after' || phase === 'clean') {
          this.#warn([`${stepWords(kind)} failed: ${messageOf(error)}`])
          return
        }
        throw error
      }
    }
  }

  /** After a failure, a cancellation or a discard: what was published is taken back, what was made is removed. */
  async #end(error: unknown, started: number): Promise<RestoreResult> {
    const spec = this.#spec
    const check = this.#check
    const cancelled = this.#discarded || this.#isCancelled(error)
    const why = cancelled ? (this.#discarded ? 'it was discarded' : 'it was cancelled') : messageOf(error)
    if (check) {
      const { basis } = check
      this.#set('undoing', `take back what was done, because ${why}`)
      this.#tell()
      const left: string[] = []
      for (const { step, mark } of [...this.#published].reverse()) {
        if (kindOfCode(basis.steps[step] ?? '') === 'overwrite') {
          left.push(...this.#overwrittenState().filter((one) => !left.includes(one)))
          if (cancelled && this.#begun?.step === step && !this.#held)
            left.push('An INSERT OVERWRITE was under way and may have been done all the same: look at its partitions')
          continue
        }
        const what = `${stepWords(kindOfCode(basis.steps[step] ?? ''))} was not taken back`
        await this.#orLeft(left, what, () => steps.unpublishRestoreStep({ spec, basis, step, mark }))
      }
      const order = {
        done: this.#done,
        begun: this.#begun,
        published: this.#published,
        cleared: this.#cleared,
        made: this.#made,
      }
      const undone = await this.#orLeft(left, 'What it made beside the live objects was not removed', () =>
        steps.undoRestore({ spec, basis, order }),
      )
      left.push(...(undone ?? []))
      this.status.left = left
    }
    await this.#orLeft(this.status.left, 'The lease of its snapshots runs out by itself', () => this.#release())
    await this.#orLeft(this.status.left, 'The repository stays attached', () => this.#detach())
    await this.#note(cancelled ? 'cancelled' : 'failed', started)
    this.status.where = []
    this.#set(cancelled ? 'cancelled' : 'failed', why)
    this.#tell()
    if (this.#discarded) return this.#result(false, started)
    if (cancelled) throw asCancellation(error, `Restore ${spec.name}`)
    const rest =
      this.status.left.length > 0
        ? `. Left behind: ${this.status.left.join('; ')}`
        : '. Everything that it made was removed'
    throw ApplicationFailure.create({
      type: typeOf(error) ?? 'RestoreFailed',
      message: `${why}${check ? rest : ''}`,
      nonRetryable: true,
      cause: error instanceof Error ? error : undefined,
    })
  }

  /** What cannot be taken back is told, and keeps nothing else from being taken back. */
  async #orLeft<T>(left: string[], what: string, undo: () => Promise<T>): Promise<T | undefined> {
    try {
      return await undo()
    } catch (error) {
      left.push(`${what}: ${messageOf(error)}`)
      return undefined
    }
  }

  async #lease({ basis, summary }: RestoreCheck): Promise<void> {
    const holder = workflowInfo().workflowId
    this.#leased = true
    const asked = Date.now()
    this.#warn(await looks.leaseRestoreSnapshots({ spec: this.#spec, basis, chain: summary.chain, holder }))
    this.#leasedAt = asked
  }

  async #prolong(): Promise<void> {
    if (this.#check && this.#leasedAt !== undefined && Date.now() - this.#leasedAt > PROLONG_MS)
      await this.#lease(this.#check)
  }

  /** It holds for two more days: a storage that does not answer takes no work back, and is asked again before the next step. */
  async #prolongIfPossible(): Promise<void> {
    try {
      await this.#prolong()
    } catch (error) {
      if (typeOf(error) !== BACKUP_ERRORS.unreachable) throw error
      this.#warn([`The lease of its snapshots could not be prolonged: ${messageOf(error)}`])
    }
  }

  async #note(outcome: 'ok' | 'failed' | 'cancelled', started: number): Promise<void> {
    await control.noteRestore({ outcome, seconds: Math.round((Date.now() - started) / 1000) })
  }

  async #release(): Promise<void> {
    if (!this.#leased) return
    this.#leased = false
    this.#leasedAt = undefined
    await steps.releaseRestoreSnapshots({ spec: this.#spec, holder: workflowInfo().workflowId })
  }

  async #detach(): Promise<void> {
    if (!this.#attached) return
    this.#attached = false
    this.#warn(await steps.detachRestoreRepository({ spec: this.#spec, holder: workflowInfo().workflowId }))
  }

  #set(state: RestoreStatus['state'], step: string): void {
    if (this.status.state !== state) setSearchAttributes({ state })
    this.status.state = state
    this.status.step = step
    this.#tell()
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (this.status.warnings.length < MOST_WARNINGS && !this.status.warnings.includes(warning))
        this.status.warnings.push(warning)
    }
  }

  #tell(): void {
    const { state, step, stepsDone, stepsTotal, backup, where, warnings, left, waiting } = this.status
    const list = (title: string, lines: readonly string[]) =>
      lines.length === 0 ? [] : [`**${title}**`, ...lines.slice(0, 20).map((line) => `- ${line}`)]
    setCurrentDetails(
      [
        `**${state}**: ${step} (${stepsDone} of ${stepsTotal} steps)${backup ? `, backup \`${backup}\`` : ''}`,
        ...(waiting ? [`Waits for ${waiting}`] : []),
        ...list('Where', where),
        ...list('Left', left),
        ...list('Warnings', warnings),
      ].join('\n'),
    )
  }

  #result(ok: boolean, started: number): RestoreResult {
    const { where, warnings, backup } = this.status
    return {
      ok,
      backup: backup ?? '',
      tables: this.#check?.summary.tables ?? 0,
      partitions: this.#check?.summary.partitions ?? 0,
      rowsChecked: this.#rowsChecked(),
      // Checks of versions before do not tell.
      published: ok && (this.#check?.summary.published ?? this.#spec.publish !== 'never'),
      where: [...where],
      warnings: [...warnings],
      seconds: Math.round((Date.now() - started) / 1000),
    }
  }

  #rowsChecked(): string {
    if (this.#spec.verify === 'off') return 'not compared'
    if (this.#counted === 0) return 'not compared: no counts were recorded, or nothing could be counted'
    return `rows of ${this.#counted} partitions counted and equal${this.#counted < this.#partitions ? `, ${this.#partitions - this.#counted} not counted` : ''}`
  }
}

function messageOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return cause instanceof Error ? cause.message : String(error)
}

function typeOf(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined
}
