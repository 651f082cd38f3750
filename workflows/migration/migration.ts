import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow'
import type { MetadataReport } from '../../contract/metadata.ts'
import type { MigrationState, MigrationStatus } from '../../contract/migration-api.ts'
import type { StaleResult, TableReport } from '../../contract/replication.ts'
import { carryMemory } from '../../planning/carry-memory.ts'
import { addSample } from '../../planning/copy-rate.ts'
import { type MigrationMemory, noteMetadata } from '../../planning/migration-memory.ts'
import { statusOf, tableStates } from '../../planning/migration-status.ts'
import { isSettled, openMatters, UNREAD } from '../../planning/open-matters.ts'
import {
  canList,
  canMark,
  groupOf,
  isMarked,
  listMarked,
  parkedCount,
  releaseDue,
  unmark,
} from '../../planning/parked-groups.ts'
import { dueTables, nextDue, type Parked, shortReason } from '../../planning/parking.ts'
import { statusMarkdown } from '../../planning/status-markdown.ts'
import { lookDelay, lookLimit, MOST_AT_ONCE, windowSize } from '../../planning/window.ts'
import { looks, schedules, untilEnded, waits, work } from '../activities.ts'
import type { migrate } from '../migrate.ts'
import { setSearchAttributes } from '../search-attributes.ts'
import { MetadataRunner } from './metadata-runner.ts'
import { oneDifference } from './one-difference.ts'
import { asOwnFailure, compensate, leaseSettings, noteNotDeleted, preflight } from './prepare.ts'
import { noteReport } from './reports.ts'
import { TableWindow } from './table-window.ts'

/** How long an idle look waits for something to do before it returns anyway, in seconds. */
const IDLE_LOOK_S = 60

/**
 * The migration as one entity. Handlers and everything that ends in the background change the memory and wake the loop; the loop starts what there
 * is to start and never waits for one thing alone. Nothing here polls: waiting is done by activities.
 */
export class Migration {
  readonly memory: MigrationMemory
  readonly window: TableWindow
  readonly metadata: MetadataRunner
  #awake = true
  #cancelled = false
  /** Names of tables that the last look listed, most urgent first. */
  #queue: string[] = []
  #cut = false
  #hurry = false
  #lookScope: CancellationScope | undefined
  #lookedAtMs = Number.NEGATIVE_INFINITY
  /** Looks are numbered. Only one that was begun after the last change tells that nothing is left to do. */
  #looks = 0
  #looksDone = 0
  #lookNeeded = 1
  #quiet: 'no' | 'asked' | 'yes' = 'no'
  /** Nothing that is asked for will be done any more. */
  #ending = false
  #scheduleDeleted = false
  #cancelling: { scope: CancellationScope; ended: Promise<void> } | undefined
  #details = ''

  constructor(memory: MigrationMemory, inherited: boolean) {
    this.memory = memory
    this.window = new TableWindow(
      memory,
      (report) => this.tableEnded(report),
      () => this.wake(),
    )
    this.metadata = new MetadataRunner(memory, inherited, () => this.wake())
  }

  get ending(): boolean {
    return this.#ending
  }

  wake(): void {
    this.#awake = true
  }

  status(): MigrationStatus {
    return statusOf(this.memory, Date.now())
  }

  /** To the end: finished, stopped, failed or cancelled. */
  async run(inherited: boolean): Promise<MigrationStatus> {
    // A cancellation is a stop that cancels jobs as well, and what has to be undone is undone first.
    CancellationScope.current().cancelRequested.catch(() => {
      this.#cancelled = true
      // What is asked for here must not be cancelled itself.
      void CancellationScope.nonCancellable(async () => this.stop({ cancelJobs: true }))
    })
    return CancellationScope.nonCancellable(async () => {
      const end = await this.#undoingOnFailure(async () => {
        if (inherited) {
          this.metadata.inherit()
          await this.window.inherit()
        } else await this.#begin()
        return this.#loop()
      })
      this.#ending = true
      await compensate(this.memory)
      this.#setState(end)
      if (this.#cancelled) throw new CancelledFailure(`Migration ${this.memory.spec.name} was cancelled`)
      return this.status()
    })
  }

  pause(): void {
    if (this.memory.paused || this.memory.stop) return
    this.memory.paused = true
    this.#quiet = 'no'
    if (this.memory.prepared) {
      this.#holdAll()
      this.metadata.putSchedule()
    }
    this.wake()
  }

  resume(): void {
    if (!this.memory.paused || this.memory.stop) return
    this.memory.paused = false
    if (this.memory.prepared) this.metadata.putSchedule()
    this.lookNow()
  }

  stop(options: MigrationMemory['stop'] = {}): void {
    this.memory.stop = { ...this.memory.stop, ...options }
    this.#quiet = 'no'
    if (this.memory.prepared) this.#holdAll()
    this.wake()
  }

  tableEnded(report: TableReport): void {
    if (!this.window.has(report.table)) return
    const known = this.memory.parked[report.table] ?? groupOf(this.memory, report.table)
    const keep = known?.byMetadata === true && oneDifference()
    noteReport(
      this.memory,
      report,
      Date.now(),
      keep,
      report.outcome === 'waiting' && patched('waits-are-counted-apart'),
    )
    this.#lookNeeded = this.#looks + 1
    this.wake()
  }

  metadataReported(report: MetadataReport): void {
    // Of a former migration of this name, which need not have been about the same clusters.
    const isOlder = report.startedAt !== undefined && Date.parse(report.startedAt) < this.memory.startedAtMs
    if (isOlder && patched('former-differences-are-left-out')) return
    const waits = report.outcomes.some(({ outcome }) => outcome === 'waiting')
    const forgetsError = !report.complete && !report.error && this.memory.metadataError !== undefined
    noteMetadata(this.memory, report, Date.now(), {
      waitingIsOpen: waits && patched('waiting-is-open'),
      errorIsKept: forgetsError && patched('error-is-kept'),
      leftOutIsTold: report.leftOut !== undefined && patched('left-out-is-told'),
    })
    if ((report.complete || report.error) && !oneDifference()) this.metadata.ended()
    const made = report.outcomes.some(
      ({ outcome }) => outcome === 'created' || outcome === 'recreated' || outcome === 'altered',
    )
    this.#lookNeeded = this.#looks + 1
    if ((made || report.complete) && this.#queue.length === 0) this.lookNow()
    this.wake()
  }

  /** The Schedule's time has come. As everywhere in Temporal, it passes without a run while one is at it, or while all rests. */
  metadataDue(): void {
    const { prepared, paused, stop } = this.memory
    if (!prepared || paused || stop || this.metadata.running) return
    this.metadata.want()
    this.wake()
  }

  /** Something that is parked is tried again at once, by whoever found that it has to be. */
  tryAgain(parked: Parked): void {
    if (parked.byMetadata && oneDifference()) this.metadata.want()
    else parked.retryAt = Date.now()
    this.wake()
  }

  /** As above, of a table of which only the mark is kept. False: the list has no room, and what is found will not be in sight. */
  tryMarkedAgain(table: string): boolean {
    const { memory } = this
    const listed = listMarked(memory, table, (one) => one in memory.running, Date.now())
    if (listed) this.tryAgain(listed)
    else {
      if (unmark(memory, table)?.byMetadata) this.metadata.want()
      this.lookNow()
    }
    return listed !== undefined
  }

  /** The next look comes at once. */
  lookNow(): void {
    this.#lookNeeded = this.#looks + 1
    this.#hurry = true
    this.#lookScope?.cancel()
    this.#lookScope = undefined
    this.wake()
  }

  async #begin(): Promise<void> {
    const { memory } = this
    const { spec } = memory
    setSearchAttributes({ kind: 'migration', migration: spec.name, cluster: spec.target, state: memory.state })
    const settings = await this.#unlessStopped(() => preflight(memory))
    if (settings && memory.paused) this.#setState('paused')
    await condition(() => !memory.paused || memory.stop !== undefined)
    if (!settings || memory.stop) return
    this.#setState('preparing')
    memory.prepared = true
    await leaseSettings(memory, settings)
    this.metadata.putSchedule()
  }

  /** Whatever goes wrong in the migration itself, what it changed is put back before it fails. */
  async #undoingOnFailure<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error
      this.memory.failure = shortReason(rootMessage(error))
      if (this.memory.prepared && oneDifference()) await this.#comeToRest()
      this.#ending = true
      await compensate(this.memory)
      this.#setState('failed')
      throw asOwnFailure(error)
    }
  }

  /** Nothing of it runs on when its settings are given back. */
  async #comeToRest(): Promise<void> {
    this.stop()
    try {
      while (!(await this.#stopping())) {
        this.#describe()
        await condition(() => this.#awake)
        this.#awake = false
      }
    } catch {
      // The same that made it fail, most likely; what it changed is put back all the same.
    }
  }

  async #unlessStopped<T>(act: () => Promise<T>): Promise<T | undefined> {
    const scope = new CancellationScope()
    const running = scope.run(act)
    running.catch(() => undefined)
    await Promise.race([running, condition(() => this.memory.stop !== undefined)])
    if (!this.memory.stop) return running
    scope.cancel()
    return undefined
  }

  async #loop(): Promise<'finished' | 'stopped'> {
    for (;;) {
      await condition(() => this.#awake)
      this.#awake = false
      if (this.memory.stop) {
        if (await this.#stopping()) return 'stopped'
      } else if (workflowInfo().continueAsNewSuggested && !this.#answersFirst()) await this.#continueWhenSettled()
      else if (this.memory.paused) this.#pausing()
      else if (this.#syncing()) return 'finished'
      this.#describe()
    }
  }

  /** Starts what there is to start. Whether a one-time migration is done. */
  #syncing(): boolean {
    const { memory } = this
    this.metadata.putScheduleAgain()
    if (!memory.metadataComplete || (this.metadata.due && oneDifference())) this.metadata.start()
    this.#fill()
    this.window.lookForClosed()
    const idle = this.window.size === 0 && this.#queue.length === 0
    const seen = this.#looksDone >= this.#lookNeeded
    // Nothing runs, and nobody has looked since: that look need not wait.
    if (idle && !seen && this.#looks < this.#lookNeeded) this.lookNow()
    if (idle && seen && memory.spec.oneTime && this.#isDone()) return true
    // Runs of former versions called it that, too, while tables were parked.
    const failedDifferenceIsOpen = memory.metadataError !== undefined && patched('failed-difference-is-open')
    const settled = patched('caught-up-is-settled')
      ? isSettled(memory, { failedDifferenceIsOpen })
      : memory.metadataComplete && this.#nothingLags()
    const caughtUp = idle && seen && settled
    this.#setState(caughtUp ? 'caughtUp' : 'syncing')
    this.#look()
    return false
  }

  #nothingLags(): boolean {
    const { counts } = this.memory
    return counts !== undefined && counts.laggingPartitions === 0 && counts.missingTables === 0
  }

  /** Everything that can be copied is; what is parked waits for a person or a pause, unless it is refused for good. */
  #isDone(): boolean {
    const { memory } = this
    if (!memory.metadataComplete || !memory.counts || this.metadata.running) return false
    // Whoever asked for something waits for the answer, and it may change what there is to do.
    if (!allHandlersFinished() && patched('answers-come-before-the-end')) {
      void condition(allHandlersFinished).then(() => this.wake())
      return false
    }
    // Whatever else is parked or paused.
    if (this.#isLeftOver() && patched('what-waits-is-tried-again')) {
      if (memory.differenceAtMs === undefined) this.metadata.wantLater()
      return false
    }
    const parked = Object.values(memory.parked)
    if (parked.some((table) => !table.refused) || memory.heldTables.length > 0) return false
    if (memory.parkedMore?.some((group) => !group.refused)) return false
    // Nobody has seen yet whether these lag; the next look, with nothing under way, reads them all.
    if (memory.blind?.some(({ code }) => code === UNREAD) && patched('unread-is-open')) return false
    const { waitingDefinitions } = openMatters(memory)
    if (waitingDefinitions > 0 || (memory.counts.missingTables > parkedCount(memory) && oneDifference())) {
      // Something holds them: a schema change at the source, another's job.
      if (memory.differenceAtMs === undefined) this.metadata.wantLater()
      return false
    }
    if (memory.counts.missingTables > parkedCount(memory)) {
      memory.metadataComplete = false
      this.metadata.start()
      return false
    }
    if (memory.finalDifference) return true
    memory.finalDifference = true
    memory.metadataComplete = false
    this.metadata.start()
    return false
  }

  /** The next difference has to do something: what a schema change or another's job held, or a table that nobody made yet. */
  #isLeftOver(): boolean {
    const { memory } = this
    const { waitingDefinitions, missingTables } = openMatters(memory)
    if (waitingDefinitions > 0) return true
    const unparked = memory.counts?.unparkedMissingTables
    return unparked === undefined ? missingTables > parkedCount(memory) : unparked > 0
  }

  #windowSize(): number {
    const { spec, slots } = this.memory
    // Runs of former versions may have started more.
    const wanted = windowSize(spec.limits.tables, slots, Number.POSITIVE_INFINITY)
    return wanted > MOST_AT_ONCE && patched('window-is-bounded') ? MOST_AT_ONCE : wanted
  }

  #fill(): void {
    const { memory, window } = this
    const size = this.#windowSize()
    for (const table of dueTables(Object.entries(memory.parked), Date.now())) {
      if (window.size >= size) return
      if (window.has(table) || memory.heldTables.includes(table)) continue
      const parked = memory.parked[table]
      if (parked) parked.retryAt = undefined
      window.start(table, parked && parked.attempts > 0 ? 1 : memory.spec.parkAfter)
    }
    // One that had to be parked could not even be marked: it would be started again and again.
    if (!canList(memory) && !canMark(memory)) return
    while (window.size < size) {
      const table = this.#queue.shift()
      if (table === undefined) return
      if (window.has(table) || memory.parked[table] || memory.heldTables.includes(table)) continue
      if (isMarked(memory, table)) continue
      window.start(table, memory.spec.parkAfter)
    }
  }

  /** Has the next look made, unless one is under way. */
  #look(): void {
    if (this.#lookScope) return
    const { memory, window } = this
    releaseDue(memory, Date.now())
    const size = this.#windowSize()
    const delay = lookDelay({
      queued: this.#queue.length,
      window: size,
      secondsSinceLook: (Date.now() - this.#lookedAtMs) / 1000,
      interval: memory.spec.intervals.stale,
      hurry: this.#cut || this.#hurry,
    })
    this.#hurry = false
    const idle = window.size === 0 && this.#queue.length === 0 && this.#looksDone >= this.#lookNeeded
    const due = nextDue(Object.entries(memory.parked)) ?? Number.POSITIVE_INFINITY
    const wait =
      idle && memory.metadataComplete ? Math.max(0, Math.min(IDLE_LOOK_S, (due - Date.now()) / 1000 - delay)) : 0
    const skip = [...new Set([...Object.keys(memory.running), ...Object.keys(memory.parked), ...memory.heldTables])]
    const limit = lookLimit(size)
    // Nothing is under way: what this look finds decides whether everything is done.
    const fresh = window.size === 0 && this.#queue.length === 0
    const scope = new CancellationScope()
    this.#lookScope = scope
    const look = ++this.#looks
    const whole = patched('looks-are-awaited')
    const { findStale } = whole ? looks : waits
    // One that was cancelled ends all the same, and another may have been begun meanwhile: what it says is of no use any more.
    const superseded = () => whole && this.#lookScope !== scope
    void scope
      .run(() =>
        findStale({
          spec: memory.spec,
          skip,
          skipMarks: memory.parkedMore?.map((group) => group.marks),
          limit,
          delay,
          wait,
          running: window.size,
          states: tableStates(memory),
          fresh,
          oldestLag: memory.oldestLag,
          failing: memory.lookError !== undefined,
        }),
      )
      .then((result) => {
        if (!superseded()) this.#looked(result, look, limit)
      })
      .catch((error: unknown) => {
        if (!isCancellation(error) && !superseded()) memory.lookError = lookError(memory, rootMessage(error))
      })
      .finally(() => {
        if (this.#lookScope === scope) {
          this.#lookScope = undefined
          this.#lookedAtMs = Date.now()
        }
        this.wake()
      })
  }

  #looked(result: StaleResult, look: number, limit: number): void {
    const { memory } = this
    if (result.failed) {
      memory.lookError = lookError(memory, `since ${result.failed.since}: ${result.failed.reason}`)
      return
    }
    this.#looksDone = look
    memory.changesBefore ??= result.lastChange
    memory.restoresBefore ??= result.lastRestore
    Object.assign(memory, {
      counts: result.counts,
      checkedAt: result.checkedAt,
      slots: result.slots,
      sent: result.sent,
      jobsRunning: result.jobsRunning,
      waiting: result.waiting,
      blind: result.blind,
      oldestLag: result.oldestLag,
      lookError: undefined,
    })
    this.#queue = result.stale.map(({ table }) => table)
    this.#cut = result.stale.length >= limit
    memory.samples = addSample(memory.samples, { atMs: Date.now(), bytes: memory.totals.bytes })
  }

  #holdAll(): void {
    this.#lookScope?.cancel()
    this.#lookScope = undefined
    this.#queue = []
    this.window.hold()
    this.metadata.hold()
  }

  #pausing(): void {
    this.window.lookForClosed()
    this.#setState(this.#isQuiet() ? 'paused' : 'pausing')
  }

  /** No table's workflow runs, no difference, and no job of theirs on the target. Asks the target when the time has come. */
  #isQuiet(): boolean {
    if (this.window.size > 0) return false
    if (this.metadata.running && oneDifference()) return false
    if (this.#quiet === 'no') {
      this.#quiet = 'asked'
      void waits
        .awaitQuiet({ spec: this.memory.spec })
        .then(() => {
          if (this.#quiet === 'asked') this.#quiet = 'yes'
        })
        .catch(() => {
          this.#quiet = 'no'
        })
        .finally(() => this.wake())
    }
    return this.#quiet === 'yes'
  }

  /** Whether everything has come to rest. */
  async #stopping(): Promise<boolean> {
    const { memory } = this
    this.#setState('stopping')
    if (!memory.prepared) return true
    // First of all, so that nothing starts new work while the rest comes to its end.
    if (!this.#scheduleDeleted) {
      // Runs of former versions delete it whenever they wake. And one that is just being put comes back.
      const last = patched('schedules-are-deleted-once') && !this.metadata.busy
      try {
        await schedules.deleteMetadataSchedule({ name: memory.spec.name })
        this.#scheduleDeleted = last
      } catch (error) {
        noteNotDeleted(memory, error)
      }
    }
    if (memory.stop?.cancelJobs) {
      if (oneDifference()) this.#keepCancelling()
      else if (this.#quiet === 'no') await this.#cancelJobs(false)
    }
    this.window.lookForClosed()
    if (!this.#isQuiet() || !allHandlersFinished()) return false
    // A Schedule that is just being put would come back after it was deleted.
    if (this.metadata.busy && oneDifference()) return false
    this.#cancelling?.scope.cancel()
    await this.#cancelling?.ended
    return true
  }

  /** Until all is quiet: a step learns with a heartbeat that it has to stop, and may send one more job until then. */
  #keepCancelling(): void {
    if (this.#cancelling) return
    const scope = new CancellationScope()
    this.#cancelling = { scope, ended: scope.run(() => this.#cancelJobs(true)) }
  }

  /** Also when it cannot be done – the jobs then end by themselves – the stop goes on. */
  async #cancelJobs(lasting: boolean): Promise<void> {
    const { memory } = this
    try {
      if (lasting) await untilEnded.cancelJobs({ spec: memory.spec, lasting })
      else await work.cancelJobs({ spec: memory.spec })
    } catch (error) {
      if (isCancellation(error)) return
      if (patched('cancelling-can-be-repeated')) this.#cancelling = undefined
      memory.stop = { ...memory.stop, cancelJobs: false }
      memory.lookError = shortReason(
        `Jobs could not be cancelled, they are followed to their end: ${rootMessage(error)}`,
      )
    }
  }

  /** While somebody waits for an answer it cannot continue as new; what there is to do is done meanwhile. */
  #answersFirst(): boolean {
    return !allHandlersFinished() && patched('work-goes-on-beside-answers')
  }

  async #continueWhenSettled(): Promise<void> {
    if (this.window.busy || this.metadata.busy || !allHandlersFinished()) return
    const { spec } = this.memory
    await continueAsNew<typeof migrate>({ ...spec, carried: carryMemory(this.memory) })
  }

  #setState(state: MigrationState): void {
    if (this.memory.state === state) return
    this.memory.state = state
    setSearchAttributes({ state })
  }

  #describe(): void {
    const details = statusMarkdown(this.status())
    if (details !== this.#details) setCurrentDetails(details)
    this.#details = details
  }
}

/** Why nobody knows how far the tables are, and what the figures that are shown are worth. */
function lookError({ checkedAt }: MigrationMemory, reason: string): string {
  const age = checkedAt === undefined ? 'there are no figures yet' : `the figures are of ${checkedAt}`
  const why = /ScheduleToStart/.test(reason)
    ? 'no worker took it up within a minute: none runs, or all its activity slots are in use (worker.activities)'
    : reason
  return shortReason(`Looking for tables that lag fails; ${age}; ${why}`)
}

function rootMessage(error: unknown): string {
  let cause = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  return cause instanceof Error ? cause.message : String(cause)
}
