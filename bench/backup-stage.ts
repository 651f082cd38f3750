import { S3Server } from '../client/s3-server/s3-server.ts'
import type { BackupInput, BackupResult, BackupSetInput, BackupSetResult } from '../contract/backup/backup-api.ts'
import { type BackupSpec, type BackupSpecInput, backupSpecSchema } from '../contract/backup/policy.ts'
import { backupId, backupSetId, TASK_QUEUE, WORKFLOW_TYPES } from '../contract/names.ts'
import type { SnapshotTiming } from '../lab/index.ts'
import type { BaselineOptions } from './baseline.ts'
import { WorkStage } from './work-stage.ts'

export const REPOSITORY = 'vault'
const LOCATION = 's3a://backups/base'

interface StageOptions {
  /** How much faster than real the cluster's jobs go. */
  timeFactor?: number
  timing?: Partial<SnapshotTiming>
}

/** Everything that backups need, each in a process of its own: a lab cluster, an S3 server, Temporal, and the production worker. */
export class BackupStage extends WorkStage {
  #reached: Pick<BaselineOptions, 'clusters' | 'repositories'> | undefined

  static async set({ timeFactor = 1, timing = {} }: StageOptions = {}): Promise<BackupStage> {
    const stage = new BackupStage()
    try {
      await stage.begin(stage.#lay(timeFactor, timing))
      return stage
    } catch (error) {
      await stage.stop()
      throw error
    }
  }

  /** As if a full backup of a database, as it is now, had been made a day ago. */
  async writeBaseline(spec: BackupSpec, database: string): Promise<void> {
    if (!this.#reached) throw new Error('The stage is not set')
    await this.lab.ask('writeBaseline', { ...this.#reached, spec, database })
  }

  spec(input: Pick<BackupSpecInput, 'name' | 'objects'> & Partial<BackupSpecInput>): BackupSpec {
    return backupSpecSchema.parse({ cluster: 'source', repository: REPOSITORY, ...input })
  }

  /** Backs up one database. */
  async backup(spec: BackupSpec, database: string, kind: BackupInput['kind'] = 'auto'): Promise<BackupResult> {
    return this.client.workflow.execute<(input: BackupInput) => Promise<BackupResult>>(WORKFLOW_TYPES.backup, {
      workflowId: backupId(spec.name, database),
      taskQueue: TASK_QUEUE,
      args: [{ spec, set: 'bench', database, kind }],
    })
  }

  /** When the last snapshot of a backup that has ended was done and written down, in milliseconds. */
  async snapshotDone(spec: BackupSpec, database: string): Promise<number> {
    const { events } = await this.client.workflow.getHandle(backupId(spec.name, database)).fetchHistory()
    const runs = new Set<string>()
    let done: number | undefined
    for (const event of events ?? []) {
      if (event.activityTaskScheduledEventAttributes?.activityType?.name === 'runBackup')
        runs.add(String(event.eventId))
      const ended = event.activityTaskCompletedEventAttributes
      if (!ended || !event.eventTime || !runs.has(String(ended.scheduledEventId))) continue
      done = Number(event.eventTime.seconds) * 1000 + (event.eventTime.nanos ?? 0) / 1e6
    }
    if (done === undefined) throw new Error(`The backup of ${database} made no snapshot`)
    return done
  }

  async backupSet(spec: BackupSpec): Promise<BackupSetResult> {
    return this.client.workflow.execute<(input: BackupSetInput) => Promise<BackupSetResult>>(WORKFLOW_TYPES.backupSet, {
      workflowId: backupSetId(spec.name),
      taskQueue: TASK_QUEUE,
      args: [{ spec }],
    })
  }

  async #lay(timeFactor: number, timing: Partial<SnapshotTiming>) {
    const [clusters, server] = await Promise.all([
      this.lab.ask('start', { source: { version: '3.5', timeFactor } }),
      S3Server.start({ accessKey: 'bench-access', secretKey: 'bench-secret', buckets: ['backups'] }),
    ])
    this.undo.push(() => server.stop())
    const repository = { location: LOCATION, properties: server.properties }
    await this.lab.ask('attachRepository', { name: REPOSITORY, ...repository, timing })
    this.#reached = { clusters, repositories: { [REPOSITORY]: repository } }
    return this.#reached
  }
}
