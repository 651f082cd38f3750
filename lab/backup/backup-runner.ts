import { setTimeout as sleep } from 'node:timers/promises'
import type { LabBackupJob, LabState } from '../model.ts'
import { type BackupSelection, type CapturedSnapshot, type CapturedTablet, captureDatabase } from './capture.ts'
import { JobFailure } from './job-failure.ts'
import { databaseById, type JobRunner, type JobTools } from './job-tools.ts'
import { snapshotTimestamp, tabletFolder, withMd5 } from './layout.ts'
import { makeInfo } from './snapshot-info.ts'
import { type SnapshotMeta, writeMeta } from './snapshot-meta.ts'
import { tabletFiles } from './tablet-files.ts'
import { type BackendTask, TaskGroup } from './task-group.ts'

/** Carries one BACKUP from state to state; each look of the daemon is at most one state. */
export class BackupRunner implements JobRunner {
  readonly job: LabBackupJob
  readonly trips = false
  readonly #selection: BackupSelection
  readonly #tools: JobTools
  readonly #begun: number
  #entered: number
  #snapshot: CapturedSnapshot | undefined
  /** `__meta` and `__info`, as of the instant of the snapshot. */
  #documents: { meta: Buffer; info: string } | undefined
  #tasks: TaskGroup | undefined
  /** Jobs that a frontend read back from its log before they were prepared lack their plan. */
  #planLost = false
  /** The two documents lie on the disk of the frontend that wrote them. */
  #documentsLost = false
  #turn = 0

  constructor(job: LabBackupJob, selection: BackupSelection, tools: JobTools) {
    this.job = job
    this.#selection = selection
    this.#tools = tools
    this.#begun = tools.clock.now()
    this.#entered = this.#begun
  }

  async step(): Promise<void> {
    const { job } = this
    if (job.databaseId >= 0n && !databaseById(this.#tools.state, job.databaseId)) return
    if (this.#tools.clock.now() - this.#begun > job.timeoutMs) {
      this.#end('TIMEOUT', '')
      return
    }
    const turn = this.#turn
    try {
      await this.#advance()
    } catch (error) {
      if (turn !== this.#turn) return
      // The last step is tried again until the time is up.
      if (job.state === 'UPLOAD_INFO') job.status = { code: 'COMMON_ERROR', message: (error as Error).message }
      else if (error instanceof JobFailure) this.#end(error.code, error.message)
      else throw error
    }
  }

  cancel(): void {
    this.#end('COMMON_ERROR', 'user cancelled')
  }

  interrupt(): void {
    this.#turn++
    this.#tasks?.stop()
  }

  resume(same: boolean): void {
    const { job } = this
    const { version } = this.#tools.state
    if (job.state === 'PENDING' || job.state === 'SNAPSHOTING') {
      this.#planLost = version !== '3.1' && version !== '3.3'
      job.unfinished.clear()
      job.errors.clear()
      job.state = 'PENDING'
    } else if (job.state === 'UPLOADING') {
      if (this.#tools.hooks.leavesStaleObjects(job)) void this.#leaveStaleObjects()
      job.state = 'UPLOAD_SNAPSHOT'
    } else if (job.state === 'UPLOAD_INFO' && !same) this.#documentsLost = true
  }

  async #advance(): Promise<void> {
    const { job } = this
    switch (job.state) {
      case 'PENDING':
        this.#prepare()
        return
      case 'SNAPSHOTING':
        this.#awaitSnapshots()
        return
      case 'UPLOAD_SNAPSHOT':
        this.#beginUploads()
        return
      case 'UPLOADING':
        if (this.#tasks?.finished) {
          job.uploadFinishedMs = this.#tools.state.now()
          this.#enter('SAVE_META')
        } else this.#tasks?.send()
        return
      case 'SAVE_META':
        this.#enter('UPLOAD_INFO')
        return
      case 'UPLOAD_INFO':
        await this.#uploadDocuments()
    }
  }

  #enter(state: LabBackupJob['state']): void {
    this.job.state = state
    this.#entered = this.#tools.clock.now()
    this.#tools.hooks.entered(this.job)
  }

  #end(code: string, message: string): void {
    this.#turn++
    this.#tasks?.stop()
    this.job.status = { code, message }
    this.job.finishedMs = this.#tools.state.now()
    this.#enter('CANCELLED')
  }

  #prepare(): void {
    const { job } = this
    const { state } = this.#tools
    if (this.#selection.catalogs) {
      this.#write({ tblNameMap: new Map(), functions: [], catalogs: chosenCatalogs(state, this.#selection.catalogs) })
      this.#enter('SAVE_META')
      return
    }
    job.id = state.nextId()
    if (this.#planLost) return
    const database = databaseById(state, job.databaseId)
    if (!database) return
    this.#snapshot = captureDatabase(state, database, this.#selection)
    this.#write(this.#snapshot.meta)
    job.unfinished = new Map(this.#snapshot.tablets.map((tablet) => [tablet.path.tabletId, tablet.backendId]))
    this.#enter('SNAPSHOTING')
  }

  #write(meta: SnapshotMeta): void {
    const { label, databaseId, databaseName, createdMs } = this.job
    const header = { label, database: databaseName, databaseId, createdMs }
    this.#documents = { meta: writeMeta(meta), info: JSON.stringify(makeInfo(this.#tools.state.version, header, meta)) }
  }

  #awaitSnapshots(): void {
    const { job } = this
    const fault = job.unfinished.size > 0 ? this.#tools.hooks.failsTask(job) : undefined
    if (fault !== undefined) {
      for (const tablet of job.unfinished.keys()) job.errors.set(tablet, fault)
      return
    }
    if (!this.#isDue()) return
    job.unfinished.clear()
    job.errors.clear()
    job.snapshotFinishedMs = this.#tools.state.now()
    this.#enter('UPLOAD_SNAPSHOT')
  }

  #isDue(): boolean {
    const { clock, taskMs, hooks } = this.#tools
    return clock.now() - this.#entered >= taskMs * hooks.slowness(this.job)
  }

  #beginUploads(): void {
    const { state, clock, taskMs, hooks } = this.#tools
    const { job } = this
    const tasks = splitByBackend(state, this.#snapshot?.tablets ?? [], 'max_upload_task_per_be').map(
      (tablets): BackendTask => ({
        id: state.nextId(),
        backendId: tablets[0]?.backendId ?? 0n,
        tablets: tablets.length,
        run: async (done) => {
          const files = this.#tools.files(job.repository)
          let count = 0
          for (const tablet of tablets) {
            const slowly = tablet.rows.length > 0 ? hooks.slowTablet(job) : undefined
            for (const file of filesOf(tablet, files.folder(job.label), slowly?.files)) {
              if (slowly) await sleep(slowly.everyMs, undefined, { ref: false })
              await files.store.put(file.key, file.content)
            }
            done(++count)
          }
        },
      }),
    )
    const slowness = hooks.slowness({ ...job, state: 'UPLOADING' })
    this.#tasks = new TaskGroup(job, tasks, hooks, clock, taskMs * slowness)
    this.#enter('UPLOADING')
    this.#tasks.send()
  }

  async #uploadDocuments(): Promise<void> {
    const { job } = this
    if (!this.#documents) return
    if (this.#documentsLost) {
      const time = snapshotTimestamp(job.createdMs)
      throw new Error(
        `file is invalid: /opt/starrocks/fe/temp_dir/backup/repo__${job.repository}/${job.label}__${time}/__meta`,
      )
    }
    const turn = this.#turn
    const files = this.#tools.files(job.repository)
    const info = `__info_${snapshotTimestamp(job.createdMs)}`
    await files.upload(job.label, '__meta', this.#documents.meta)
    if (turn !== this.#turn) return
    await files.upload(job.label, info, this.#documents.info)
    if (turn !== this.#turn) return
    job.status = { code: 'OK', message: '' }
    job.finishedMs = this.#tools.state.now()
    this.#snapshot = undefined
    this.#enter('FINISHED')
  }

  /** Files of another version under the same names, as a backend leaves them that was told twice. */
  async #leaveStaleObjects(): Promise<void> {
    const files = this.#tools.files(this.job.repository)
    const folder = files.folder(this.job.label)
    for (const tablet of this.#snapshot?.tablets ?? []) {
      if (tablet.rows.length === 0) continue
      const older = { ...tablet, version: tablet.version - 1n, rows: tablet.rows.slice(0, -1) }
      for (const file of filesOf(older, folder)) await files.store.put(file.key, file.content)
    }
  }
}

const filesOf = (tablet: CapturedTablet, snapshot: string, files = 1): { key: string; content: string }[] => {
  const folder = tabletFolder(snapshot, tablet.path)
  const { version, schemaHash } = tablet
  const of = { tabletId: tablet.path.tabletId, version, schemaHash }
  return tabletFiles(of, tablet.rows, files).map(({ name, content }) => ({
    key: `${folder}/${withMd5(name, content)}`,
    content,
  }))
}

/** The tablets of each backend in so many tasks as the setting allows; 0 is a task for each tablet. */
export const splitByBackend = <T extends { backendId: bigint }>(
  state: LabState,
  tablets: readonly T[],
  setting: string,
): T[][] => {
  const limit = Number(state.config.get(setting)?.value ?? 0)
  const byBackend = new Map<bigint, T[]>()
  for (const tablet of tablets) {
    const own = byBackend.get(tablet.backendId)
    if (own) own.push(tablet)
    else byBackend.set(tablet.backendId, [tablet])
  }
  return [...byBackend.keys()]
    .sort((a, b) => (a < b ? -1 : 1))
    .flatMap((backend) => {
      const own = byBackend.get(backend) ?? []
      const tasks = limit > 0 ? Math.min(limit, own.length) : own.length
      const size = Math.ceil(own.length / Math.max(1, tasks))
      return Array.from({ length: Math.ceil(own.length / size) }, (_, i) => own.slice(i * size, (i + 1) * size))
    })
}

const chosenCatalogs = (state: LabState, names: readonly string[]) =>
  names.map((name) => {
    const catalog = state.catalogs.get(name)
    if (!catalog) throw new JobFailure('NOT_FOUND', `external catalog ${name} does not existed.`)
    return catalog
  })
