import type { LabBackupJob, LabRepository, LabRestoreJob, LabSnapshotJob, LabState } from '../model.ts'
import { BackupRunner } from './backup-runner.ts'
import type { BackupSelection } from './capture.ts'
import { noSnapshotHooks, type SnapshotHooks } from './hooks.ts'
import { isFinished, type JobRunner, type JobTools, type RestoredPlaces } from './job-tools.ts'
import type { LabObjectStore } from './object-store.ts'
import { openStore } from './open-store.ts'
import { RepositoryFiles } from './repository-files.ts'
import { RestoreRunner, type SnapshotOrigin } from './restore-runner.ts'
import type { RestoreSelection } from './restore-selection.ts'
import { readMeta, type SnapshotMeta } from './snapshot-meta.ts'

/** A BACKUP or RESTORE that was accepted. */
export interface AcceptedSnapshotJob {
  kind: LabSnapshotJob['kind']
  label: string
  /** Empty for external catalogs. */
  database: string
  repository: string
  user: string
  acceptedMs: number
}

export interface SnapshotTiming {
  /** Between two looks of the daemon at the jobs. */
  tickMs: number
  /** Tasks of one state together. */
  taskMs: number
}

/** Backup and restore on the leader: repositories, one job for each database, and the one daemon that moves all jobs. */
export class SnapshotManager {
  /** Every BACKUP and RESTORE that was taken, in order. */
  readonly accepted: AcceptedSnapshotJob[] = []
  readonly timing: SnapshotTiming = { tickMs: 3000, taskMs: 600 }
  hooks: SnapshotHooks = noSnapshotHooks
  readonly #state: LabState
  readonly #timeFactor: number
  readonly #runners = new Map<bigint, JobRunner>()
  readonly #stores = new Map<LabRepository, LabObjectStore>()
  readonly #restoredPlaces: RestoredPlaces = new Map()
  #timer: NodeJS.Timeout | undefined
  #newestMs = 0
  #halted = false
  #ticking = false
  #creating: Promise<unknown> = Promise.resolve()

  constructor(state: LabState, timeFactor: number) {
    this.#state = state
    this.#timeFactor = timeFactor
  }

  /** Milliseconds of this machine for so many of a real cluster. */
  real(ms: number): number {
    return ms / this.#timeFactor
  }

  /** Creations of repositories wait for each other: one lock guards them all while they try to reach their storage. */
  oneAtATime<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#creating.then(action, action)
    this.#creating = turn.catch(() => undefined)
    return turn
  }

  /** The files of a registered repository. @throws StoreFailure, Error when there is none of that name */
  files(name: string): RepositoryFiles {
    const repository = this.#state.repositories.get(name)
    if (!repository) throw new Error(`failed to get repository: ${name}`)
    let store = this.#stores.get(repository)
    if (!store) {
      store = openStore(repository.location, repository.properties)
      this.#stores.set(repository, store)
    }
    return new RepositoryFiles(repository.name, repository.location, store)
  }

  /** The definitions of a snapshot. @throws Error when they cannot be read */
  async readMeta(repository: string, label: string): Promise<SnapshotMeta> {
    return readMeta(await this.files(repository).readMeta(label))
  }

  /** The unfinished job of a database, whether or not the database is still there. */
  running(databaseId: bigint): LabSnapshotJob | undefined {
    return this.#runners.get(databaseId)?.job
  }

  usesRepository(name: string): boolean {
    return [...this.#runners.values()].some(({ job }) => job.repository === name)
  }

  submitBackup(job: LabBackupJob, selection: BackupSelection): void {
    // A frontend writes each job to its log before it takes the next statement: two of one label never have the same time.
    this.#newestMs = Math.max(job.createdMs, this.#newestMs + 1)
    job.createdMs = this.#newestMs
    this.#accept(job, new BackupRunner(job, selection, this.#tools()))
  }

  submitRestore(job: LabRestoreJob, selection: RestoreSelection, origin: SnapshotOrigin): void {
    this.#accept(job, new RestoreRunner(job, selection, origin, this.#tools()))
  }

  /** Ends the job of a database; it is the caller's to have checked that there is one. */
  cancel(databaseId: bigint): void {
    this.#runners.get(databaseId)?.cancel()
    this.#runners.delete(databaseId)
  }

  /** The leader's process ended: nothing moves any more. */
  halt(): void {
    this.#halted = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const runner of this.#runners.values()) runner.interrupt()
  }

  /** A frontend leads again: the one that did, or another, which reads the jobs from its log. */
  takeOver(same: boolean): void {
    if (!this.#halted) return
    this.#halted = false
    for (const runner of this.#runners.values()) runner.resume(same)
    this.#schedule()
  }

  stop(): void {
    this.halt()
    this.#runners.clear()
    for (const store of this.#stores.values()) store.close()
    this.#stores.clear()
  }

  #tools(): JobTools {
    return {
      state: this.#state,
      clock: { now: () => performance.now() * this.#timeFactor, real: (ms) => this.real(ms) },
      hooks: this.hooks,
      taskMs: this.timing.taskMs,
      restoredPlaces: this.#restoredPlaces,
      files: (name) => this.files(name),
    }
  }

  /** A leader that died while it asked storage took nothing. */
  #accept(job: LabSnapshotJob, runner: JobRunner): void {
    if (this.#halted) throw new Error('The frontend that was to take the job is gone')
    this.accepted.push({
      kind: job.kind,
      label: job.label,
      database: job.databaseName,
      repository: job.repository,
      user: job.user,
      acceptedMs: this.#state.now(),
    })
    this.#state.snapshotJobs.set(job.databaseId, job)
    this.#runners.set(job.databaseId, runner)
    this.hooks.entered(job)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer || this.#halted || this.#ticking || this.#runners.size === 0) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        void this.#round()
      },
      Math.max(1, this.real(this.timing.tickMs)),
    )
  }

  async #round(): Promise<void> {
    this.#ticking = true
    try {
      await this.#look()
    } finally {
      this.#ticking = false
      this.#schedule()
    }
  }

  /** One look at all jobs, one after the other. Behind a job over which the daemon stumbles, nothing moves. */
  async #look(): Promise<void> {
    const runners = [...this.#runners].sort((a, b) => Number(b[1].trips) - Number(a[1].trips))
    for (const [databaseId, runner] of runners) {
      if (this.#halted) return
      if (this.#runners.get(databaseId) !== runner) continue
      if (this.hooks.stuck(runner.job)) continue
      await runner.step()
      if (runner.trips) return
      if (isFinished(runner.job) && this.#runners.get(databaseId) === runner) {
        this.#runners.delete(databaseId)
        this.#keepRecord(runner.job)
      }
    }
  }

  #keepRecord(job: LabSnapshotJob): void {
    const fate = job.state === 'FINISHED' ? this.hooks.recordOf(job) : 'kept'
    if (fate === 'kept' || this.#state.snapshotJobs.get(job.databaseId) !== job) return
    this.#state.snapshotJobs.delete(job.databaseId)
    if (fate === 'replaced')
      this.#state.snapshotJobs.set(job.databaseId, {
        ...job,
        id: this.#state.nextId(),
        label: `foreign_${this.#state.nextId()}`,
        user: 'somebody_else',
      })
  }
}
