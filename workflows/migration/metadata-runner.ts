import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow'
import { holdSignal, metadataWorkflowId, migrationId, WORKFLOW_TYPES } from '../../contract/index.ts'
import type { MigrationMemory } from '../../planning/migration-memory.ts'
import { shortReason } from '../../planning/parking.ts'
import { control } from '../activities.ts'
import { searchAttributes } from '../search-attributes.ts'
import type { syncMetadata } from '../sync-metadata.ts'
import { asOwnFailure } from './prepare.ts'

/** After a metadata difference failed, or did nothing that helped, the next waits so long. */
const AGAIN_MS = 30_000
/** A difference of which an earlier run of the migration did not hear the end. */
const LOST_MS = 10 * 60_000

/** The migration's metadata differences: those that it starts itself, and the Schedule that starts the others. */
export class MetadataRunner {
  readonly #memory: MigrationMemory
  readonly #wake: () => void
  #startedMs: number | undefined
  #endedMs = Number.NEGATIVE_INFINITY
  #scheduleWanted = 0
  #schedulePut = 0
  #putting = false

  constructor(memory: MigrationMemory, inherited: boolean, wake: () => void) {
    this.#memory = memory
    this.#wake = wake
    if (inherited && !memory.metadataComplete) this.#startedMs = Date.now()
  }

  get running(): boolean {
    return this.#startedMs !== undefined
  }

  get busy(): boolean {
    return this.#putting
  }

  /** Starts a difference unless one runs or the last ended only just now. */
  start(): void {
    const now = Date.now()
    if (this.#startedMs !== undefined && now - this.#startedMs < LOST_MS) return
    if (now - this.#endedMs < AGAIN_MS && this.#memory.metadataError !== undefined) return
    this.#startedMs = now
    void this.#run()
  }

  /** A report says that it is through, or failed. */
  ended(): void {
    this.#startedMs = undefined
    this.#endedMs = Date.now()
  }

  /** Stops the running one after its batch. */
  hold(): void {
    if (this.#startedMs === undefined) return
    const { spec } = this.#memory
    void getExternalWorkflowHandle(metadataWorkflowId(spec.name))
      .signal(holdSignal)
      .catch(() => undefined)
  }

  /** Brings the Schedule to what the memory says; one-time migrations have none. */
  putSchedule(): void {
    if (this.#memory.spec.oneTime) return
    this.#scheduleWanted++
    if (!this.#putting) void this.#put()
  }

  async #put(): Promise<void> {
    this.#putting = true
    try {
      while (this.#schedulePut !== this.#scheduleWanted) {
        const wanted = this.#scheduleWanted
        const { spec, approved, paused, stop } = this.#memory
        if (stop) return
        await control.putMetadataSchedule({ spec, approved, paused })
        this.#schedulePut = wanted
      }
    } catch (error) {
      this.#schedulePut = this.#scheduleWanted
      this.#memory.metadataError = `The Schedule of metadata differences could not be set: ${messageOf(error)}`
    } finally {
      this.#putting = false
      this.#wake()
    }
  }

  async #run(): Promise<void> {
    const { spec, approved } = this.#memory
    try {
      const handle = await startChild<typeof syncMetadata>(WORKFLOW_TYPES.syncMetadata, {
        workflowId: metadataWorkflowId(spec.name),
        args: [{ spec, approved, migrationId: migrationId(spec.name) }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `Metadata of migration ${spec.name}`,
        typedSearchAttributes: searchAttributes({ kind: 'metadata', migration: spec.name, cluster: spec.target }),
      })
      await handle.result()
    } catch (error) {
      // One of a former migration of this name is still at it; its report comes to this one.
      if (error instanceof WorkflowExecutionAlreadyStartedError) return
      this.#memory.metadataError ??= shortReason(messageOf(asOwnFailure(error)))
    }
    this.ended()
    this.#wake()
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
