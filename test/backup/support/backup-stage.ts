import { afterAll, afterEach, beforeAll } from 'vitest'
import { objectsOf, type RepositoryObjects } from '../../../activities/repository/repository-objects.ts'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import type { BackupInput, BackupResult, BackupSetInput, BackupSetResult } from '../../../contract/backup/backup-api.ts'
import { type BackupSpec, type BackupSpecInput, backupSpecSchema } from '../../../contract/backup/policy.ts'
import type { BackupRecord } from '../../../contract/backup/record.ts'
import { backupId, backupSetId, TASK_QUEUE } from '../../../contract/names.ts'
import { LabCluster, type LabClusterOptions } from '../../../lab/index.ts'
import { openStore, readRepository } from '../../../repository/index.ts'
import { accessTo, LabWorker } from '../../support/lab-worker.ts'
import { startTestS3 } from '../../support/s3-server.ts'
import { startTemporal, type TestTemporal, type TestTemporalOptions } from '../../support/temporal.ts'

export const REPOSITORY = 'vault'

export type SpecInput = Partial<BackupSpecInput> & Pick<BackupSpecInput, 'objects'>

export interface BackupStage {
  readonly temporal: TestTemporal
  readonly worker: LabWorker
  readonly s3: S3Server
  /** A lab cluster that the worker knows by its name, with the repository attached; ended after the test. */
  cluster(options?: Partial<LabClusterOptions>): Promise<LabCluster>
  /** Ends the worker as a deploy does, and starts another. */
  replaceWorker(): Promise<void>
  spec(cluster: LabCluster, input: SpecInput): BackupSpec
  /** Starts `backup` of one database. */
  start(spec: BackupSpec, database: string, kind?: BackupInput['kind']): Promise<Running<BackupResult>>
  backup(spec: BackupSpec, database: string, kind?: BackupInput['kind']): Promise<BackupResult>
  startSet(input: BackupSetInput): Promise<Running<BackupSetResult>>
  objects(): Promise<RepositoryObjects>
  record(id: string): Promise<BackupRecord>
  /** Labels that are in the repository, and what else starferry keeps there. */
  contents(): Promise<{ labels: string[]; own: string[] }>
}

export type Running<T> = Awaited<ReturnType<typeof startWorkflow<T>>>

let runs = 0

async function startWorkflow<T>(temporal: TestTemporal, type: string, workflowId: string, input: unknown) {
  const handle = await temporal.client.workflow.start<(input: unknown) => Promise<T>>(type, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [input],
  })
  return handle
}

export interface BackupStageOptions extends Pick<TestTemporalOptions, 'continueAfter'> {
  /** Tests of the file run side by side: clusters end with the file, not with a test. */
  sideBySide?: boolean
  /** See `LabWorker.start`. */
  instead?: Parameters<typeof LabWorker.start>[1]
}

/** A Temporal server, a worker, a real S3 server and lab clusters for the tests of one file. */
export function backupStage({ sideBySide = false, instead, ...options }: BackupStageOptions = {}): BackupStage {
  let temporal: TestTemporal
  let worker: LabWorker
  let s3: S3Server
  const open: LabCluster[] = []

  beforeAll(async () => {
    ;[temporal, s3] = await Promise.all([startTemporal(options), startTestS3()])
    worker = await LabWorker.start(temporal, instead)
    configure()
  })
  const known = () => Object.fromEntries(open.map((cluster) => [cluster.state.name, accessTo(cluster)]))
  const endClusters = async () => {
    await Promise.all(open.splice(0).map((cluster) => cluster.stop()))
  }
  if (!sideBySide) afterEach(endClusters)
  afterAll(async () => {
    await endClusters()
    await worker?.stop()
    await temporal?.stop()
    await s3?.stop()
  })

  const properties = () => ({
    'aws.s3.access_key': s3.accessKey,
    'aws.s3.secret_key': s3.secretKey,
    'aws.s3.endpoint': s3.endpoint,
    'aws.s3.region': 'us-east-1',
    'aws.s3.enable_path_style_access': 'true',
    'aws.s3.enable_ssl': 'false',
  })
  const location = 's3a://backups/base'
  function configure(): void {
    // Those of tests before have ended, and retention would wait for them.
    const clusters = open.length > 0 ? { clusters: open.map(({ state }) => state.name) } : {}
    worker.configureRepositories({ [REPOSITORY]: { location, properties: properties(), ...clusters } })
  }

  const stage: BackupStage = {
    get temporal() {
      return temporal
    },
    get worker() {
      return worker
    },
    get s3() {
      return s3
    },
    async cluster(wanted = {}) {
      const name = wanted.name ?? `c${++runs}`
      const cluster = await LabCluster.start({ version: '3.5', timeFactor: 60, ...wanted, name })
      open.push(cluster)
      const text = Object.entries(properties()).map(([key, value]) => `'${key}' = '${value}'`)
      await cluster.run(
        `CREATE REPOSITORY ${REPOSITORY} WITH BROKER ON LOCATION '${location}' PROPERTIES (${text.join(', ')})`,
      )
      worker.configure({ [name]: accessTo(cluster) })
      configure()
      return cluster
    },
    async replaceWorker() {
      await worker.stop()
      worker = await LabWorker.start(temporal, instead)
      worker.configure(known())
      configure()
    },
    spec: (cluster, input) =>
      backupSpecSchema.parse({ name: 'nightly', cluster: cluster.state.name, repository: REPOSITORY, ...input }),
    start: (spec, database, kind = 'auto') => {
      const input: BackupInput = { spec, set: 'test', database, kind }
      return startWorkflow<BackupResult>(temporal, 'backup', backupId(`${spec.name}-${spec.cluster}`, database), input)
    },
    backup: async (spec, database, kind) => (await stage.start(spec, database, kind)).result(),
    startSet: (input) => startWorkflow<BackupSetResult>(temporal, 'backupSet', backupSetId(input.spec.name), input),
    async objects() {
      return objectsOf(await readRepository(openStore({ location, properties: properties() }), REPOSITORY))
    },
    async record(id) {
      const record = await (await stage.objects()).record(id)
      if (!record) throw new Error(`there is no record ${id}`)
      return record
    },
    async contents() {
      const { repository } = await stage.objects()
      const labels: string[] = []
      for await (const label of repository.listSnapshots()) labels.push(label)
      const own: string[] = []
      for await (const { key } of repository.own.list('')) own.push(key)
      return { labels: labels.sort(), own: own.sort() }
    },
  }
  return stage
}
