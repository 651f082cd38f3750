import { setTimeout as sleep } from 'node:timers/promises'
import type { LabSnapshotJob } from '../model.ts'
import type { SnapshotHooks } from './hooks.ts'

/** The clock by which jobs take their time, in milliseconds of a real cluster. */
export interface JobClock {
  now(): number
  /** Milliseconds of this machine for so many of the clock. */
  real(ms: number): number
}

/** Uploads or downloads of some tablets, given to one backend. */
export interface BackendTask {
  id: bigint
  backendId: bigint
  tablets: number
  /** Does the work; tells how many tablets are done, as backends do: nothing of one before all its files are there. @throws Error with what the backend reports */
  run(done: (tablets: number) => void): Promise<void>
}

/** Backends work side by side; the whole cluster together so many tasks at once. */
const CONCURRENCY = 24

/**
 * The tasks of one state of a job. Those that fail do not fail the job: they are sent again, for as long as the job lives.
 */
export class TaskGroup {
  readonly #job: LabSnapshotJob
  readonly #hooks: SnapshotHooks
  readonly #clock: JobClock
  readonly #tasks: BackendTask[]
  readonly #durationMs: number
  #open: BackendTask[]
  #running = false
  #stopped = false

  constructor(job: LabSnapshotJob, tasks: BackendTask[], hooks: SnapshotHooks, clock: JobClock, durationMs: number) {
    this.#job = job
    this.#tasks = tasks
    this.#open = tasks
    this.#hooks = hooks
    this.#clock = clock
    this.#durationMs = durationMs
    job.unfinished = new Map(tasks.map((task) => [task.id, task.backendId]))
    job.progress = new Map()
    job.errors = new Map()
  }

  get finished(): boolean {
    return this.#open.length === 0
  }

  /** Sends every task that is not done. Nothing happens while the last sending goes on. */
  send(): void {
    if (this.#running || this.#stopped || this.finished) return
    this.#running = true
    const begun = this.#clock.now()
    const queue = [...this.#open]
    const step = this.#durationMs / this.#tasks.length
    let position = 0
    const work = async (): Promise<void> => {
      for (let task = queue.shift(); task !== undefined && !this.#stopped; task = queue.shift()) {
        const wait = begun + step * ++position - this.#clock.now()
        if (wait > 0) await sleep(this.#clock.real(wait), undefined, { ref: false })
        if (!this.#stopped) await this.#attempt(task)
      }
    }
    void Promise.all(Array.from({ length: Math.min(CONCURRENCY, queue.length) }, work)).then(() => {
      this.#running = false
    })
  }

  stop(): void {
    this.#stopped = true
  }

  async #attempt(task: BackendTask): Promise<void> {
    const { progress, errors, unfinished } = this.#job
    try {
      const fault = this.#hooks.failsTask(this.#job)
      if (fault !== undefined) throw new Error(fault)
      progress.set(task.id, { done: 0, total: task.tablets })
      await task.run((done) => progress.set(task.id, { done, total: task.tablets }))
    } catch (error) {
      if (this.#stopped) return
      progress.delete(task.id)
      errors.set(task.id, (error as Error).message)
      return
    }
    if (this.#stopped) return
    progress.delete(task.id)
    errors.delete(task.id)
    unfinished.delete(task.id)
    this.#open = this.#open.filter((one) => one !== task)
  }
}
