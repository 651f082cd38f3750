import { afterAll, beforeAll } from 'vitest'
import { objectsOf } from '../../../activities/repository/repository-objects.ts'
import { BackupClient } from '../../../client/backup-client.ts'
import { type BackupFlags, backupSpecOf } from '../../../client/backup-spec.ts'
import { RestoreClient } from '../../../client/restore-client.ts'
import { type RestoreFlags, restoreSpecOf } from '../../../client/restore-spec.ts'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import type { BackupSetResult } from '../../../contract/backup/backup-api.ts'
import type { BackupSpec, BackupSpecInput } from '../../../contract/backup/policy.ts'
import type { BackupRecord } from '../../../contract/backup/record.ts'
import type { RepositoriesAnswer } from '../../../contract/backup/repository-api.ts'
import type { RestoreResult, RestoreStatus } from '../../../contract/backup/restore-api.ts'
import type { WorkerConfigInput } from '../../../contract/worker-config.ts'
import { LabCluster, type LabClusterOptions } from '../../../lab/index.ts'
import { type ObjectStore, openStore, readRepository } from '../../../repository/index.ts'
import { accessTo, LabWorker } from '../../support/lab-worker.ts'
import { startTestS3 } from '../../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../../support/temporal.ts'
import { until } from '../../support/until.ts'

export const REPOSITORY = 'test_repo'
export const LOCATION = 's3a://backups/base'

type RepositoryInput = NonNullable<WorkerConfigInput['repositories']>[string]

/** Everything that a story needs; all of it is driven as the command line drives it, by flags that become specs of workflows. */
export interface SeedStage {
  readonly temporal: TestTemporal
  readonly worker: LabWorker
  readonly s3: S3Server
  readonly backups: BackupClient
  readonly restores: RestoreClient
  /** A lab cluster that the worker knows, with the repository unless told otherwise; lives as long as the file. */
  cluster(options: LabOptions): Promise<LabCluster>
  /** Adds to the worker's configuration. */
  repository(name: string, definition: RepositoryInput): void
  /** `repo create`. */
  createRepository(cluster: string, repository?: string, readOnly?: boolean): Promise<RepositoriesAnswer>
  /** `backup run`, a full one unless told otherwise, to its end. */
  backUp(cluster: string, flags: SeedFlags, kind?: 'auto' | 'full' | 'incremental'): Promise<BackupSetResult>
  startBackup(cluster: string, flags: SeedFlags, kind?: 'auto' | 'full' | 'incremental'): Promise<string>
  /** Of the only backup of a set. */
  idOf(result: BackupSetResult): string
  record(id: string): Promise<BackupRecord>
  /** `restore run`, published at once unless told otherwise, to its end. */
  restore(cluster: string, flags: RestoreFlags): Promise<RestoreResult>
  startRestore(cluster: string, flags: RestoreFlags): Promise<string>
  state(name: string, state: RestoreStatus['state']): Promise<RestoreStatus>
  /** The message with which a restore or a backup fails. */
  refusal(run: Promise<unknown>): Promise<string>
  store(): ObjectStore
}

/** Flags of `backup run`, and what only a file can say. */
export type SeedFlags = BackupFlags & { file?: Partial<BackupSpecInput> }

export type LabOptions = Partial<LabClusterOptions> & Pick<LabClusterOptions, 'name'> & { repository?: boolean }

let runs = 0

/** Temporal, an S3 server, a worker and lab clusters of one file. */
export function seedStage(clusters: LabOptions[] = []): SeedStage {
  let temporal: TestTemporal
  let s3: S3Server
  let worker: LabWorker
  let backups: BackupClient
  let restores: RestoreClient
  const repositories: Record<string, RepositoryInput> = {}
  const open: LabCluster[] = []

  beforeAll(async () => {
    ;[temporal, s3] = await Promise.all([startTemporal(), startTestS3()])
    worker = await LabWorker.start(temporal)
    backups = new BackupClient(temporal.client)
    restores = new RestoreClient(temporal.client)
    stage.repository(REPOSITORY, { location: LOCATION, properties: s3Properties(s3) })
    for (const options of clusters) await stage.cluster(options)
  })
  afterAll(async () => {
    await Promise.allSettled(open.map((cluster) => cluster.stop()))
    await worker?.stop()
    await Promise.all([temporal?.stop(), s3?.stop()])
  })

  const stage: SeedStage = {
    get temporal() {
      return temporal
    },
    get worker() {
      return worker
    },
    get s3() {
      return s3
    },
    get backups() {
      return backups
    },
    get restores() {
      return restores
    },
    async cluster({ repository = true, ...options }) {
      const cluster = await LabCluster.start({ version: '3.5', timeFactor: 200, ...options })
      open.push(cluster)
      worker.configure({ [options.name]: accessTo(cluster) })
      if (repository) {
        const { ok, findings } = await stage.createRepository(options.name)
        if (!ok) throw new Error(JSON.stringify(findings))
      }
      return cluster
    },
    repository(name, definition) {
      repositories[name] = definition
      worker.configureRepositories(repositories)
    },
    createRepository: (cluster, repository = REPOSITORY, readOnly = false) =>
      backups.repositories({ op: 'create', cluster, repository, readOnly }),
    async startBackup(cluster, { file, ...flags }, kind = 'full') {
      const spec = backupSpecOf(undefined, { cluster, repository: REPOSITORY, name: `b${++runs}`, ...flags })
      await backups.start({ spec: { ...spec, ...file } as BackupSpec, kind })
      return spec.name
    },
    backUp: async (cluster, flags, kind) => backups.result(await stage.startBackup(cluster, flags, kind)),
    idOf({ ok, backups: made, failed, warnings }) {
      const [only] = made
      if (!ok || made.length !== 1 || !only) throw new Error(JSON.stringify({ made, failed, warnings }))
      return only.id
    },
    async record(id) {
      const record = await objectsOf(await readRepository(stage.store(), REPOSITORY)).record(id)
      if (!record) throw new Error(`there is no record ${id}`)
      return record
    },
    async startRestore(cluster, flags) {
      const { input } = restoreSpecOf(undefined, {
        cluster,
        repository: REPOSITORY,
        name: `r${++runs}`,
        publish: 'auto',
        ...flags,
      })
      await restores.start(input)
      return input.name
    },
    restore: async (cluster, flags) => restores.result(await stage.startRestore(cluster, flags)),
    async state(name, state) {
      let last: RestoreStatus | undefined
      return until(
        `restore ${name} is ${state}`,
        async () => {
          last = (await restores.status(name)).status
          return last.state === state ? last : undefined
        },
        { withinMs: 120_000, explain: () => JSON.stringify(last) },
      )
    },
    async refusal(run) {
      const words: string[] = []
      let failure: unknown = await run.then(
        (done) => new Error(`it was not refused: ${JSON.stringify(done)}`),
        (error: unknown) => error,
      )
      while (failure instanceof Error) {
        words.push(failure.message)
        failure = failure.cause
      }
      return words.join(' | ')
    },
    store: () => openStore({ location: LOCATION, properties: s3Properties(s3) }),
  }
  return stage
}

export const s3Properties = (s3: Pick<S3Server, 'accessKey' | 'secretKey' | 'endpoint'>): Record<string, string> => ({
  'aws.s3.access_key': s3.accessKey,
  'aws.s3.secret_key': s3.secretKey,
  'aws.s3.endpoint': s3.endpoint,
  'aws.s3.region': 'us-east-1',
  'aws.s3.enable_path_style_access': 'true',
  'aws.s3.enable_ssl': 'false',
})
