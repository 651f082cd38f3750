import { setTimeout as sleep } from 'node:timers/promises'
import { forgetHistory, forgetLiveRows } from '../data/index.ts'
import type { LabRestoreJob } from '../model.ts'
import { splitByBackend } from './backup-runner.ts'
import { DaemonTrips } from './check-existing.ts'
import { Downloads } from './download.ts'
import { commonError, JobFailure, notFound } from './job-failure.ts'
import { databaseById, type JobRunner, type JobTools } from './job-tools.ts'
import { type Placement, placeDatabase, undoPlacement } from './place-database.ts'
import type { PartitionMove, TabletMove } from './place-restored.ts'
import type { RestoreSelection } from './restore-selection.ts'
import { readMeta, type SnapshotMeta } from './snapshot-meta.ts'
import { type BackendTask, TaskGroup } from './task-group.ts'

/** Where the snapshot came from. */
export interface SnapshotOrigin {
  databaseId: bigint
  databaseName: string
}

/** Carries one RESTORE from state to state; each look of the daemon is at most one state. */
export class RestoreRunner implements JobRunner {
  readonly job: LabRestoreJob
  readonly #selection: RestoreSelection
  readonly #origin: SnapshotOrigin
  readonly #tools: JobTools
  readonly #begun: number
  #entered: number
  #placement: Placement | undefined
  #downloads: Downloads | undefined
  #tasks: TaskGroup | undefined
  #trips = false
  #turn = 0

  constructor(job: LabRestoreJob, selection: RestoreSelection, origin: SnapshotOrigin, tools: JobTools) {
    this.job = job
    this.#selection = selection
    this.#origin = origin
    this.#tools = tools
    this.#begun = tools.clock.now()
    this.#entered = this.#begun
  }

  get trips(): boolean {
    return this.#trips
  }

  async step(): Promise<void> {
    if (this.#tools.clock.now() - this.#begun > this.job.timeoutMs) {
      this.#end('TIMEOUT', `restore job with label: ${this.job.label}  timeout.`)
      return
    }
    const turn = this.#turn
    try {
      await this.#advance()
      this.#trips = false
    } catch (error) {
      if (turn !== this.#turn) return
      if (error instanceof DaemonTrips) this.#trips = true
      else if (error instanceof JobFailure) this.#end(error.code, error.message)
      else throw error
    }
  }

  cancel(): void {
    this.#end('COMMON_ERROR', `user cancelled, current state: ${this.job.state}`)
  }

  interrupt(): void {
    this.#turn++
    this.#tasks?.stop()
  }

  resume(): void {
    const { job } = this
    if (job.state === 'PENDING' || job.state === 'SNAPSHOTING') {
      if (this.#placement) undoPlacement(databaseById(this.#tools.state, job.databaseId), this.#placement)
      this.#placement = undefined
      job.unfinished.clear()
      job.state = 'PENDING'
    } else if (job.state === 'DOWNLOADING') job.state = 'DOWNLOAD'
  }

  async #advance(): Promise<void> {
    const { job } = this
    const now = this.#tools.state.now()
    switch (job.state) {
      case 'PENDING':
        await this.#prepare()
        return
      case 'SNAPSHOTING':
        if (!this.#isDue()) return
        job.unfinished.clear()
        job.snapshotFinishedMs = now
        this.#enter('DOWNLOAD')
        return
      case 'DOWNLOAD':
        this.#beginDownloads()
        return
      case 'DOWNLOADING':
        if (this.#tasks?.finished) {
          job.downloadFinishedMs = now
          this.#enter('COMMIT')
        } else this.#tasks?.send()
        return
      case 'COMMIT':
        this.#moveFiles()
        this.#enter('COMMITTING')
        return
      case 'COMMITTING':
        this.#commit()
    }
  }

  #enter(state: LabRestoreJob['state']): void {
    this.job.state = state
    this.#entered = this.#tools.clock.now()
    this.#tools.hooks.entered(this.job)
  }

  #isDue(): boolean {
    const { clock, taskMs, hooks } = this.#tools
    return clock.now() - this.#entered >= taskMs * hooks.slowness(this.job)
  }

  #end(code: string, message: string): void {
    this.#turn++
    this.#tasks?.stop()
    const { job } = this
    if (this.#placement) {
      // Files were put in place of what was there: those replicas are lost.
      if (job.state === 'COMMITTING') for (const move of this.#placement.moves) if (move.existed) spoil(move)
      undoPlacement(databaseById(this.#tools.state, job.databaseId), this.#placement)
      this.#placement = undefined
    }
    this.#unblock()
    job.status = { code, message }
    job.finishedMs = this.#tools.state.now()
    this.#trips = false
    this.#enter('CANCELLED')
  }

  /** A daemon that tripped left tables blocked; the end of the job frees them. */
  #unblock(): void {
    if (!this.#blocksWithoutPlacement) return
    const database = databaseById(this.#tools.state, this.job.databaseId)
    for (const { alias } of this.#selection.objects) {
      const object = database?.objects.get(alias)
      if (object?.kind === 'table' && object.state === 'RESTORE') object.state = 'NORMAL'
    }
  }

  #blocksWithoutPlacement = false

  async #prepare(): Promise<void> {
    const { job } = this
    const { state } = this.#tools
    if (job.databaseId >= 0n) job.id = state.nextId()
    const turn = this.#turn
    const meta = await this.#readMeta()
    // Replicas are made while all other jobs wait.
    const slowness = this.#tools.hooks.slowness(job)
    if (slowness > 1) await sleep(this.#tools.clock.real(this.#tools.taskMs * slowness))
    if (turn !== this.#turn) return
    if (this.#selection.catalogs) {
      this.#catalogs = meta
      this.#enter('COMMITTING')
      return
    }
    const database = databaseById(state, job.databaseId)
    if (!database) throw notFound(`database ${job.databaseId} has been dropped`)
    try {
      this.#placement = placeDatabase(state, database, this.#selection, meta, {
        replicationNum: job.replicationNum,
        originDatabase: this.#origin.databaseName,
        restoredPlaces: this.#tools.restoredPlaces,
      })
    } catch (error) {
      if (error instanceof DaemonTrips) this.#blocksWithoutPlacement = true
      throw error
    }
    job.metaPreparedMs = state.now()
    job.unfinished = new Map(this.#tablets().map(({ to }) => [state.nextId(), to.id]))
    this.#enter('SNAPSHOTING')
  }

  #catalogs: SnapshotMeta | undefined

  async #readMeta(): Promise<SnapshotMeta> {
    try {
      return readMeta(await this.#tools.files(this.job.repository).readMeta(this.job.label))
    } catch {
      throw commonError('Failed to read backup meta from file')
    }
  }

  #tablets(): TabletMove[] {
    return this.#placement?.moves.flatMap((move) => move.tablets) ?? []
  }

  #beginDownloads(): void {
    const { state, clock, hooks, taskMs } = this.#tools
    const { job } = this
    const downloads = new Downloads(this.#tools.files(job.repository), job.label)
    this.#downloads = downloads
    const moves = this.#tablets().map((move) => ({ ...move, backendId: move.to.replicas[0]?.backendId ?? 0n }))
    const tasks = splitByBackend(state, moves, 'max_download_task_per_be').map(
      (tablets): BackendTask => ({
        id: state.nextId(),
        backendId: tablets[0]?.backendId ?? 0n,
        tablets: tablets.length,
        run: async (done) => {
          let count = 0
          for (const { from, to, backendId } of tablets) {
            await downloads.fetch(state, backendId, { databaseId: this.#origin.databaseId, ...from }, to)
            done(++count)
          }
        },
      }),
    )
    const slowness = hooks.slowness({ ...job, state: 'DOWNLOADING' })
    this.#tasks = new TaskGroup(job, tasks, hooks, clock, taskMs * slowness)
    this.#enter('DOWNLOADING')
    this.#tasks.send()
  }

  /** What was fetched takes the place of what a tablet held. Data of an existing partition are gone from here on. */
  #moveFiles(): void {
    const { state } = this.#tools
    for (const { to, base } of this.#tablets()) {
      if (base) {
        to.rows = (this.#downloads?.rows.get(to) ?? []).map((values) => ({ values, since: 1n }))
        forgetLiveRows(to)
      }
      this.job.unfinished.set(state.nextId(), to.id)
    }
  }

  #commit(): void {
    const { job } = this
    const { state } = this.#tools
    const fault = this.#tools.hooks.failsTask(job)
    if (fault !== undefined) {
      for (const task of job.unfinished.keys()) job.errors.set(task, fault)
      return
    }
    if (!this.#isDue()) return
    for (const catalog of this.#catalogs?.catalogs ?? []) {
      const chosen = this.#selection.catalogs?.find(({ name }) => name === catalog.name)
      if (!chosen || state.catalogs.has(chosen.alias)) continue
      state.catalogs.set(chosen.alias, { ...catalog, id: state.nextId(), name: chosen.alias })
    }
    for (const move of this.#placement?.moves ?? []) if (move.existed) finishPartition(move, state.version, state.now())
    for (const table of this.#placement?.blocked ?? []) table.state = 'NORMAL'
    for (const { object } of this.#placement?.created ?? []) if (object.kind === 'table') object.state = 'NORMAL'
    job.unfinished.clear()
    job.errors.clear()
    job.finishedMs = state.now()
    this.#downloads = undefined
    this.#enter('FINISHED')
  }
}

/** A partition that was overwritten stands at the snapshot's version; its epoch stays. */
const finishPartition = (move: PartitionMove, version: string, now: number): void => {
  const [own] = move.partition.physical
  const [from] = move.source.physical
  if (!own || !from) return
  own.visibleVersion = from.visibleVersion
  own.committedVersion = from.visibleVersion
  own.visibleTimeMs = now
  // 3.3 forgets the data version.
  if (version !== '3.3') own.dataVersion = from.visibleVersion
  own.oldestVersion = own.dataVersion
  if (from.extraBytes === undefined) delete own.extraBytes
  else own.extraBytes = from.extraBytes
  forgetHistory(own)
  for (const tablets of own.tablets.values())
    for (const tablet of tablets)
      for (const replica of tablet.replicas) {
        replica.version = from.visibleVersion
        replica.lastFailedVersion = -1n
        replica.bad = false
      }
}

const spoil = (move: PartitionMove): void => {
  for (const { to } of move.tablets) for (const replica of to.replicas) replica.bad = true
}
