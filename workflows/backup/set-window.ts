import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow'
import { type BackupInput, type BackupResult, cancelSignal } from '../../contract/backup/backup-api.ts'
import { backupId, WORKFLOW_TYPES } from '../../contract/names.ts'
import { waits } from '../activities.ts'
import type { backup } from '../backup.ts'
import { searchAttributes } from '../search-attributes.ts'
import { failureOf } from './failure.ts'
import type { SetMemory } from './set-memory.ts'

/** Seconds that a look for ended workflows lasts at most. */
const LOOK_SECONDS = 30

/** How the backup of a database ended. */
export interface Ended {
  database: string
  result?: BackupResult
  reason?: string
}

/**
 * The databases whose backups run. They are started with ABANDON: a set that continues as new does not disturb them. The run that started one gets its
 * result; of those that a run before has started, an activity looks how they ended.
 */
export class SetWindow {
  readonly #memory: SetMemory
  readonly #ended: (ended: Ended) => void
  readonly #awaited = new Set<string>()
  #starting = 0
  #looking = false

  constructor(memory: SetMemory, ended: (ended: Ended) => void) {
    this.#memory = memory
    this.#ended = ended
  }

  get size(): number {
    return Object.keys(this.#memory.running).length
  }

  /** Those that the cluster has a job of, or will have. */
  get occupied(): number {
    return Object.values(this.#memory.running).filter(({ snapshotsDone }) => !snapshotsDone).length
  }

  /** What is left to do for a database is not the cluster's: its slot is free. */
  release(database: string): void {
    const entry = this.#memory.running[database]
    if (entry) entry.snapshotsDone = true
  }

  /** Some start is not settled yet: not the moment to continue as new. */
  get busy(): boolean {
    return this.#starting > 0
  }

  start(database: string): void {
    this.#memory.running[database] = {}
    this.#awaited.add(database)
    this.#starting++
    // Cancelling the set asks the backups to end, and still waits for them.
    void CancellationScope.nonCancellable(() => this.#run(database))
  }

  /** Looks how those ended that nobody in this run waits for. */
  lookForEnded(): void {
    if (this.#looking) return
    const open = Object.entries(this.#memory.running)
      .filter(([database]) => !this.#awaited.has(database))
      .map(([database, { runId }]) => ({ database, workflowId: this.#id(database), ...(runId ? { runId } : {}) }))
    if (open.length === 0) return
    this.#looking = true
    void waits
      .closedBackups({ open, wait: LOOK_SECONDS })
      .then((closed) => {
        this.#looking = false
        for (const one of closed) this.#end(one)
        this.lookForEnded()
      })
      .catch((error: unknown) => {
        this.#looking = false
        if (!isCancellation(error)) throw error
      })
  }

  /** Asks all that run to cancel their jobs and end. */
  async cancel(): Promise<void> {
    await Promise.all(
      Object.keys(this.#memory.running).map(async (database) => {
        try {
          await getExternalWorkflowHandle(this.#id(database)).signal(cancelSignal)
        } catch {
          // It has ended already.
        }
      }),
    )
  }

  #end(ended: Ended): void {
    if (!(ended.database in this.#memory.running)) return
    delete this.#memory.running[ended.database]
    this.#ended(ended)
  }

  async #run(database: string): Promise<void> {
    let handle: ChildWorkflowHandle<typeof backup>
    try {
      handle = await this.#startChild(database)
    } catch (error) {
      this.#starting--
      this.#awaited.delete(database)
      const reason =
        error instanceof WorkflowExecutionAlreadyStartedError
          ? `a backup of it, begun by an earlier run, still runs as ${this.#id(database)}`
          : failureOf(error).message
      this.#end({ database, reason })
      return
    }
    this.#starting--
    const entry = this.#memory.running[database]
    if (entry) entry.runId = handle.firstExecutionRunId
    try {
      this.#end({ database, result: await handle.result() })
    } catch (error) {
      const reason = isCancellation(error) ? 'cancelled' : failureOf(error).message
      this.#end({ database, reason })
    } finally {
      this.#awaited.delete(database)
    }
  }

  #startChild(database: string) {
    const { spec, set, kind, due } = this.#memory
    const input: BackupInput = { spec, set, database, kind, due }
    return startChild<typeof backup>(WORKFLOW_TYPES.backup, {
      workflowId: this.#id(database),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `Back up ${database || 'external catalogs'} of ${spec.cluster}`,
      typedSearchAttributes: searchAttributes({ kind: 'backup', cluster: spec.cluster, database }),
    })
  }

  #id(database: string): string {
    return backupId(this.#memory.spec.name, database)
  }
}
