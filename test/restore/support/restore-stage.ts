import { afterAll, afterEach, beforeAll } from 'vitest'
import type { S3Server } from '../../../client/s3-server/s3-server.ts'
import {
  publishUpdate,
  type RestorePlan,
  type RestoreResult,
  type RestoreStatus,
  restoreStatusQuery,
} from '../../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../../contract/names.ts'
import { LabCluster, type LabClusterOptions } from '../../../lab/index.ts'
import { openStore } from '../../../repository/index.ts'
import { accessTo, LabWorker } from '../../support/lab-worker.ts'
import { startTestS3 } from '../../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../../support/temporal.ts'
import { until } from '../../support/until.ts'

export const REPOSITORY = 'vault'

/** How StarRocks and the worker reach the bucket of a test's server. */
export const s3Properties = (s3: S3Server): Record<string, string> => ({
  'aws.s3.access_key': s3.accessKey,
  'aws.s3.secret_key': s3.secretKey,
  'aws.s3.endpoint': s3.endpoint,
  'aws.s3.region': 'us-east-1',
  'aws.s3.enable_path_style_access': 'true',
  'aws.s3.enable_ssl': 'false',
})

const LOCATION = 's3a://backups/vault'

/** What a test restores from one of its backups, to the cluster of the same name. */
export const specFrom = (name: string, label: string, more: Partial<RestoreSpecInput> = {}): RestoreSpecInput => ({
  name,
  cluster: name,
  repository: REPOSITORY,
  from: { label },
  ...more,
})

/** The bucket as the worker sees it; to be closed. */
export const vaultOf = ({ s3 }: { readonly s3: S3Server }) =>
  openStore({ location: LOCATION, properties: s3Properties(s3) })

export interface RestoreStage {
  readonly temporal: TestTemporal
  readonly s3: S3Server
  readonly worker: LabWorker
  /** A lab cluster with the repository, known to the worker; ended after the test. */
  cluster(name: string, options?: Partial<LabClusterOptions> & { repository?: boolean }): Promise<LabCluster>
  /** What it would do. */
  plan(spec: RestoreSpecInput): Promise<RestorePlan>
  start(spec: RestoreSpecInput): Promise<void>
  status(name: string): Promise<RestoreStatus>
  /** Waits for a state; one in which it can never come ends the wait. */
  state(name: string, state: RestoreStatus['state'], withinMs?: number): Promise<RestoreStatus>
  publish(name: string): Promise<RestoreStatus>
  result(name: string): Promise<RestoreResult>
  /** start and result. */
  restore(spec: RestoreSpecInput): Promise<RestoreResult>
  replaceWorker(): Promise<void>
}

const OVER = new Set<RestoreStatus['state']>(['finished', 'failed', 'cancelled'])

/** Temporal, an S3 server and a worker for the tests of one file. */
export function restoreStage(): RestoreStage {
  let temporal: TestTemporal
  let s3: S3Server
  let worker: LabWorker
  let clusters: LabCluster[] = []
  const known = new Map<string, LabCluster>()
  const configure = () => {
    worker.configure(Object.fromEntries([...known].map(([name, cluster]) => [name, accessTo(cluster)])))
    worker.configureRepositories({ [REPOSITORY]: { location: LOCATION, properties: s3Properties(s3) } })
  }
  beforeAll(async () => {
    ;[temporal, s3] = await Promise.all([startTemporal(), startTestS3()])
    worker = await LabWorker.start(temporal)
    configure()
  })
  afterEach(async () => {
    const ended = clusters
    clusters = []
    for (const cluster of ended) known.delete(cluster.state.name)
    await Promise.allSettled(ended.map((cluster) => cluster.stop()))
  })
  afterAll(async () => {
    await worker?.stop()
    await Promise.all([temporal?.stop(), s3?.stop()])
  })
  const handle = (name: string) => temporal.client.workflow.getHandle(restoreId(name))
  const stage: RestoreStage = {
    get temporal() {
      return temporal
    },
    get s3() {
      return s3
    },
    get worker() {
      return worker
    },
    async cluster(name, { repository = true, ...options } = {}) {
      const cluster = await LabCluster.start({ version: '3.5', timeFactor: 100, ...options, name })
      clusters.push(cluster)
      known.set(name, cluster)
      worker.configure({ [name]: accessTo(cluster) })
      if (repository) {
        const properties = Object.entries(s3Properties(s3)).map(([key, value]) => `'${key}' = '${value}'`)
        await cluster.run(
          `CREATE REPOSITORY ${REPOSITORY} WITH BROKER ON LOCATION '${LOCATION}' PROPERTIES (${properties.join(', ')})`,
        )
      }
      return cluster
    },
    plan: (spec) =>
      temporal.client.workflow.execute('restorePlan', {
        workflowId: `restore-plan/${spec.name}`,
        taskQueue: TASK_QUEUE,
        args: [{ spec }],
      }),
    async start(spec) {
      await temporal.client.workflow.start('restore', {
        workflowId: restoreId(spec.name),
        taskQueue: TASK_QUEUE,
        args: [spec],
      })
    },
    status: (name) => handle(name).query(restoreStatusQuery),
    state(name, state, withinMs = 200_000) {
      let last: RestoreStatus | undefined
      return until(
        `restore ${name} is ${state}`,
        async () => {
          last = await stage.status(name).catch(() => last)
          if (last?.state === state) return last
          if (last && OVER.has(last.state)) throw new Error(`restore ${name} is ${last.state}: ${JSON.stringify(last)}`)
          return undefined
        },
        { withinMs, explain: () => JSON.stringify(last) },
      )
    },
    publish: (name) => handle(name).executeUpdate(publishUpdate),
    result: (name) => handle(name).result(),
    async restore(spec) {
      await stage.start(spec)
      return stage.result(spec.name)
    },
    async replaceWorker() {
      await worker.stop()
      worker = await LabWorker.start(temporal)
      configure()
    },
  }
  return stage
}
