import { setTimeout as sleep } from 'node:timers/promises'
import { NativeConnection, Worker } from '@temporalio/worker'
import { type ClusterHandle, systemClock } from '../../activities/dependencies.ts'
import { type Activities, createActivities } from '../../activities/index.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { type WorkerConfigInput, workerConfigSchema } from '../../contract/worker-config.ts'
import type { LabCluster } from '../../lab/index.ts'
import { createClusters } from '../../workers/clusters.ts'
import { createRepositories, type Repositories } from '../../workers/repositories.ts'
import { workflowCode } from '../../workers/workflow-code.ts'
import type { TestTemporal } from './temporal.ts'

type ClusterInput = NonNullable<WorkerConfigInput['clusters']>[string]

/** How a worker's configuration reaches a lab cluster: all its frontends, and its token. */
export function accessTo(cluster: LabCluster, more: Partial<ClusterInput> = {}): ClusterInput {
  return {
    frontends: cluster.endpoints.frontends.map(({ host, queryPort }) => `${host}:${queryPort}`),
    user: 'root',
    token: cluster.state.token,
    connectTimeout: 5,
    statementTimeout: 20,
    ...more,
  }
}

type Clusters = ReturnType<typeof createClusters>
type RepositoryInput = NonNullable<WorkerConfigInput['repositories']>

/** What a worker's parts know; can change while it runs. */
interface Known {
  clusters: Map<string, Clusters>
  repositories: Repositories
}

/** The real worker's parts in this process; clusters and repositories can be added while it runs. */
export class LabWorker {
  readonly #known: Known
  readonly #worker: Worker
  readonly #finished: Promise<void>
  readonly #native: NativeConnection
  /** Perhaps still in use: closed at the end. */
  readonly #former: Repositories[] = []

  private constructor(worker: Worker, native: NativeConnection, known: Known) {
    this.#worker = worker
    this.#native = native
    this.#known = known
    this.#finished = worker.run()
    // Seen by stop(); until then it is not unhandled.
    this.#finished.catch(() => undefined)
  }

  /** `instead` gives activities that are not to be the real ones. */
  static async start(
    { server, client }: Pick<TestTemporal, 'server' | 'client'>,
    instead: (real: Activities) => object = () => ({}),
  ): Promise<LabWorker> {
    const native = await NativeConnection.connect({ address: server.address })
    const known: Known = {
      clusters: new Map(),
      repositories: createRepositories({ repositories: {}, webhooks: {} }),
    }
    const none = createClusters(workerConfigSchema.parse({}))
    const activities = createActivities({
      // One that is not known answers in the worker's own words.
      cluster: (name) => (known.clusters.get(name) ?? none).get(name),
      clusterNames: () => [...known.clusters.keys()],
      repository: (name) => known.repositories.get(name),
      repositoryNames: () => known.repositories.names(),
      webhook: (name) => known.repositories.webhook(name),
      client,
      metrics: { count: () => undefined, gauge: () => undefined, duration: () => undefined },
      clock: systemClock,
    })
    const worker = await Worker.create({
      connection: native,
      namespace: client.options.namespace,
      taskQueue: TASK_QUEUE,
      ...workflowCode(),
      // In this thread: one of its own takes longer to start than many a test, and everything that goes there and back is copied.
      debugMode: true,
      activities: { ...activities, ...instead(activities) },
      maxConcurrentActivityTaskExecutions: 400,
      // What activities tell, and cancellations on the way back, need not wait longer.
      maxHeartbeatThrottleInterval: '1 second',
      shutdownGraceTime: 0,
      shutdownForceTime: 10_000,
    })
    return new LabWorker(worker, native, known)
  }

  /** Makes clusters known by name, or known otherwise. */
  configure(clusters: Record<string, ClusterInput>): void {
    for (const [name, cluster] of Object.entries(clusters)) {
      void this.#known.clusters.get(name)?.close()
      this.#known.clusters.set(name, createClusters(workerConfigSchema.parse({ clusters: { [name]: cluster } })))
    }
  }

  /** A cluster as the activities have it. */
  cluster(name: string): ClusterHandle {
    const known = this.#known.clusters.get(name)
    if (!known) throw new Error(`the worker knows no cluster ${name}`)
    return known.get(name)
  }

  /** Makes these, and no others, the worker's repositories and webhooks. */
  configureRepositories(repositories: RepositoryInput, webhooks: Record<string, string> = {}): void {
    this.#former.push(this.#known.repositories)
    this.#known.repositories = createRepositories(workerConfigSchema.parse({ repositories, webhooks }))
  }

  async stop(): Promise<void> {
    if (this.#worker.getState() === 'RUNNING') this.#worker.shutdown()
    await Promise.race([this.#finished.catch(() => undefined), sleep(15_000, undefined, { ref: false })])
    await Promise.allSettled([...this.#known.clusters.values()].map((clusters) => clusters.close()))
    await Promise.allSettled([...this.#former, this.#known.repositories].map((one) => one.close()))
    await this.#native.close().catch(() => undefined)
  }
}
