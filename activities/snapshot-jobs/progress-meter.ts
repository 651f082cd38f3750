import type { JobProgress } from '../../contract/backup/backup-api.ts'
import { maskSecrets } from '../../starrocks/index.ts'
import type { SnapshotJob } from './job-place.ts'

const MOST_PROBLEMS = 5
const LONGEST_PROBLEM = 300

/** Turns what a job's row says at one moment into how far it is: a row lists only tasks that run, so those that are gone are counted as done. */
export class ProgressMeter {
  /** What the job moves altogether, by the tables' own sizes; undefined when that is not known. */
  readonly #bytes: number | undefined
  /** Nodes repeat keys in what they say of a store that refuses them, and all this ends up in heartbeats. */
  readonly #secrets: readonly string[]
  #tasksTotal = 0
  readonly #files = new Map<string, { done: number; total: number }>()
  #phase = ''
  #phaseSince = 0

  constructor(bytes?: number, secrets: readonly string[] = []) {
    this.#bytes = bytes
    this.#secrets = secrets
  }

  read(job: SnapshotJob, now: number = performance.now()): JobProgress {
    const phase = /LOAD/.test(job.state) ? 'moving' : job.state
    if (phase !== this.#phase) {
      this.#phase = phase
      this.#phaseSince = now
      this.#tasksTotal = 0
      this.#files.clear()
    }
    const open = job.unfinishedTasks.length
    this.#tasksTotal = Math.max(this.#tasksTotal, open)
    const progress: JobProgress = { label: job.label, database: job.database, state: job.state }
    if (this.#tasksTotal > 0)
      Object.assign(progress, { tasksDone: this.#tasksTotal - open, tasksTotal: this.#tasksTotal })
    if (phase === 'moving') Object.assign(progress, this.#moved(job, now))
    const problems = job.taskErrors.map(({ message }) => maskSecrets(message, this.#secrets).slice(0, LONGEST_PROBLEM))
    if (problems.length > 0) progress.problems = [...new Set(problems)].slice(0, MOST_PROBLEMS)
    return progress
  }

  #moved(job: SnapshotJob, now: number): Partial<JobProgress> {
    const running = new Set(job.progress.map(({ taskId }) => taskId))
    for (const { taskId, done, total } of job.progress) this.#files.set(taskId, { done, total })
    let done = 0
    let total = 0
    for (const [taskId, files] of this.#files) {
      total += files.total
      done += running.has(taskId) ? files.done : files.total
    }
    if (total === 0) return {}
    // Tasks that have not begun tell no number of files yet: all of them count the same until they do.
    const part = Math.min(
      1,
      (done / total) * (this.#tasksTotal > 0 ? Math.min(1, this.#files.size / this.#tasksTotal) : 1),
    )
    const moved: Partial<JobProgress> = { filesDone: done, filesTotal: total }
    if (this.#bytes === undefined) return moved
    moved.bytes = Math.round(this.#bytes * part)
    const seconds = (now - this.#phaseSince) / 1000
    const rate = seconds > 0 ? moved.bytes / seconds : 0
    if (rate > 0)
      Object.assign(moved, { rate: Math.round(rate), secondsLeft: Math.round((this.#bytes - moved.bytes) / rate) })
    return moved
  }
}
