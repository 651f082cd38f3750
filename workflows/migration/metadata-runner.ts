import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow'
import { holdSignal } from '../../contract/migration-api.ts'
import { metadataWorkflowId, migrationId, WORKFLOW_TYPES } from '../../contract/names.ts'
import type { MigrationMemory } from '../../planning/migration-memory.ts'
import { isMarkedDue, postponeMarked } from '../../planning/parked-groups.ts'
import { approvedByMetadata, isAlignmentDue, postponeAlignments, shortReason } from '../../planning/parking.ts'
import { schedules, waits } from '../activities.ts'
import { searchAttributes } from '../search-attributes.ts'
import type { syncMetadata } from '../sync-metadata.ts'
import { oneDifference } from './one-difference.ts'
import { asOwnFailure } from './prepare.ts'

/** After a metadata difference failed, or did nothing that helped, the next waits so long. */
const AGAIN_MS = 30_000
/** Of runs begun by an older version: a difference of which an earlier run of the migration did not hear the end. */
const LOST_MS = 10 * 60_000
/** After the Schedule could not be put. */
const PUT_AGAIN_MS = 60_000

/**
 * The migration's metadata differences, one at a time: its workflow id is the lock. The Schedule only says that one is due, so that whether it may
 * run, and with which approvals, is decided by what the migration knows in that moment.
 */
export class MetadataRunner {
  readonly #memory: MigrationMemory
  readonly #wake: () => void
  #endedMs = Number.NEGATIVE_INFINITY
  #scheduleWanted = 0
  #schedulePut = 0
  #putting = false
  #putAgainMs = Number.POSITIVE_INFINITY
  #starting = false
  /** Somebody waits for the end of that. */
  #startAwaited = false

  constructor(memory: MigrationMemory, inherited: boolean, wake: () => void) {
    this.#memory = memory
    this.#wake = wake
    if (inherited && !memory.metadataComplete) memory.differenceSinceMs ??= Date.now()
    if (inherited && memory.scheduleError !== undefined) this.#putAgainMs = Date.now()
  }

  get running(): boolean {
    return this.#memory.differenceSinceMs !== undefined
  }

  /** Something is not settled yet: not the moment to continue as new. */
  get busy(): boolean {
    if (this.#putting) return true
    if (!this.#starting || !patched('started-differences-are-awaited')) return false
    this.#startAwaited = true
    return true
  }

  /** Somebody asked for one, or something that failed is to be tried again. */
  get due(): boolean {
    const { differenceAtMs, parked, spec } = this.#memory
    const now = Date.now()
    if ((differenceAtMs !== undefined && differenceAtMs <= now) || isAlignmentDue(Object.values(parked), now))
      return true
    return spec.oneTime && isMarkedDue(this.#memory, now)
  }

  /** Starts a difference unless one runs or the last ended only just now. */
  start(): void {
    const memory = this.#memory
    const now = Date.now()
    const since = memory.differenceSinceMs
    if (since !== undefined && (oneDifference() || now - since < LOST_MS)) return
    if (now - this.#endedMs < AGAIN_MS && memory.metadataError !== undefined) return
    memory.differenceSinceMs = now
    memory.differenceAtMs = undefined
    memory.differenceUnfinished = true
    if (oneDifference()) {
      memory.metadataStuck = []
      memory.metadataWaiting = undefined
      postponeAlignments(memory.parked, memory.spec.intervals.park, now)
      postponeMarked(memory, now)
    }
    void this.#run()
  }

  /** One more is wanted: at once, or when the running one has ended, or after a pause. */
  want(afterMs = 0): void {
    const at = Date.now() + afterMs
    this.#memory.differenceAtMs = Math.min(this.#memory.differenceAtMs ?? at, at)
  }

  /** As above, when the last one has changed nothing. */
  wantLater(): void {
    this.want(AGAIN_MS)
  }

  /** Its workflow is closed, however it ended. What it left, and what was approved for it, is the next one's; a one-time migration has no Schedule. */
  ended(): void {
    const { spec, differenceUnfinished } = this.#memory
    this.#memory.differenceSinceMs = undefined
    this.#endedMs = Date.now()
    if (differenceUnfinished && spec.oneTime && patched('unfinished-difference-is-wanted')) this.wantLater()
  }

  /** Stops the running one after its batch. One that is only being started is told when it has started. */
  hold(): void {
    if (this.running) void this.#hold()
  }

  async #hold(): Promise<void> {
    try {
      await getExternalWorkflowHandle(metadataWorkflowId(this.#memory.spec.name)).signal(holdSignal)
    } catch {
      // It has ended, or does not exist yet.
    }
  }

  /** Takes over the one that an earlier run started. */
  inherit(): void {
    if (this.running && oneDifference()) void this.#follow()
  }

  /** Brings the Schedule to what the memory says; one-time migrations have none. */
  putSchedule(): void {
    if (this.#memory.spec.oneTime) return
    this.#scheduleWanted++
    if (!this.#putting) void this.#put()
  }

  /** As above, a while after it could not be put. */
  putScheduleAgain(): void {
    if (this.#putAgainMs <= Date.now()) this.putSchedule()
  }

  async #put(): Promise<void> {
    this.#putting = true
    this.#putAgainMs = Number.POSITIVE_INFINITY
    try {
      while (this.#schedulePut !== this.#scheduleWanted) {
        const wanted = this.#scheduleWanted
        const { spec, checkedAs, paused, stop } = this.#memory
        if (stop) return
        await schedules.putMetadataSchedule({ spec, checkedAs, paused })
        this.#schedulePut = wanted
        this.#memory.scheduleError = undefined
      }
    } catch (error) {
      this.#schedulePut = this.#scheduleWanted
      this.#notPut(`The Schedule of metadata differences could not be set: ${messageOf(asOwnFailure(error))}`)
    } finally {
      this.#putting = false
      this.#wake()
    }
  }

  /** It is tried again; meanwhile the migration itself has differences made as often as the Schedule would. */
  #notPut(reason: string): void {
    const memory = this.#memory
    if (!patched('schedule-is-put-again')) {
      memory.metadataError = reason
      return
    }
    memory.scheduleError = shortReason(reason)
    this.#putAgainMs = Date.now() + PUT_AGAIN_MS
    this.want(memory.spec.intervals.metadata * 1000)
  }

  async #run(): Promise<void> {
    const { spec, checkedAs, parked, viewMarks } = this.#memory
    this.#starting = true
    try {
      const handle = await startChild<typeof syncMetadata>(WORKFLOW_TYPES.syncMetadata, {
        workflowId: metadataWorkflowId(spec.name),
        args: [
          {
            spec,
            checkedAs,
            approvals: approvedByMetadata(parked),
            viewMarks,
            migrationId: migrationId(spec.name),
          },
        ],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `Metadata of migration ${spec.name}`,
        typedSearchAttributes: searchAttributes({ kind: 'metadata', migration: spec.name, cluster: spec.target }),
      })
      this.#startEnded()
      if (this.#mustRest && oneDifference()) void this.#hold()
      await handle.result()
    } catch (error) {
      this.#startEnded()
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        // One of a former migration of this name is still at it; its report comes to this one.
        if (oneDifference()) await this.#follow()
        return
      }
      this.#memory.metadataError ??= shortReason(messageOf(asOwnFailure(error)))
    }
    this.ended()
    this.#wake()
  }

  #startEnded(): void {
    this.#starting = false
    if (this.#startAwaited) this.#wake()
    this.#startAwaited = false
  }

  /** Until one that this run did not start is closed. */
  async #follow(): Promise<void> {
    if (this.#mustRest) void this.#hold()
    try {
      await waits.awaitClosed({ workflowIds: [metadataWorkflowId(this.#memory.spec.name)] })
    } catch (error) {
      this.#memory.metadataError ??= shortReason(messageOf(asOwnFailure(error)))
    }
    this.ended()
    this.#wake()
  }

  get #mustRest(): boolean {
    return this.#memory.paused || this.#memory.stop !== undefined
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
