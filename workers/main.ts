import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { GracefulShutdownPeriodExpiredError, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import type { Logger } from 'pino'
import { type Dependencies, systemClock } from '../activities/dependencies.ts'
import { createActivities } from '../activities/index.ts'
import { TASK_QUEUE } from '../contract/names.ts'
import type { WorkerConfig } from '../contract/worker-config.ts'
import { watchAttempts } from './attempts.ts'
import { CatalogueMetrics } from './catalogue-metrics.ts'
import { createClusters } from './clusters.ts'
import { connectionOptions, type TemporalConnectionOptions, untilConnected } from './connect.ts'
import { type Health, healthEndpoints } from './health.ts'
import { growHeapsSlowly } from './heap.ts'
import { closeServer, serveEndpoints } from './http-endpoints.ts'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'
import { createRepositories } from './repositories.ts'
import { registerSearchAttributes } from './search-attributes.ts'
import { createMask, maskError, secretsOf } from './secrets.ts'
import { installRuntime, metricsEndpoint, type SdkMetrics } from './telemetry.ts'
import { workflowCode } from './workflow-code.ts'

const CLOSE_WITHIN_MS = 3_000

/**
 * The worker, until the signal: waits for Temporal, registers search attributes, works, and drains when told to stop. Running activities are
 * cancelled then and end as retryable, so that another worker goes on where they were. Once a process.
 *
 * Errors: InputError for a configuration that cannot work; whatever ends a worker by itself.
 */
export async function runWorker(config: WorkerConfig, signal: AbortSignal): Promise<void> {
  growHeapsSlowly()
  const mask = createMask(secretsOf(config))
  const logger = createLogger(config.telemetry.logLevel, mask)
  const health: Health = { phase: 'waiting for Temporal' }
  const metrics = createMetrics()
  const undo: (() => Promise<unknown>)[] = []
  try {
    // What a mistake in the configuration can break comes first, the SDK's runtime after it.
    const options = connectionOptions(config.temporal)
    const clusters = createClusters(config, metrics.statement)
    undo.push(() => clusters.close())
    const repositories = createRepositories(config)
    undo.push(() => repositories.close())
    const sdk: SdkMetrics = {}
    for (const [key, address, endpoints] of [
      ['worker.health', config.worker.health, healthEndpoints(health)],
      ['telemetry.metrics', config.telemetry.metrics, metricsEndpoint(metrics.registry, sdk)],
    ] as const) {
      const server = await serveEndpoints(key, address, endpoints)
      undo.push(() => closeServer(server))
    }
    sdk.url = await installRuntime(logger, config.telemetry.metrics !== 'off')
    undo.push(() => Runtime.instance().shutdown())

    const connections = await connect(config, options, logger, health, signal)
    if (!connections) return
    const { native, connection } = connections
    undo.push(
      () => native.close(),
      () => connection.close(),
    )
    health.phase = 'starting'
    const { namespace } = config.temporal
    await prepare(connection, namespace, logger)
    const client = new Client({ connection, namespace })
    const deps: Dependencies = {
      cluster: clusters.get,
      clusterNames: () => Object.keys(config.clusters),
      repository: repositories.get,
      repositoryNames: repositories.names,
      webhook: repositories.webhook,
      client,
      metrics,
      clock: systemClock,
      activitySlots: config.worker.activities,
    }
    const catalogue = new CatalogueMetrics(deps, metrics, logger)
    sdk.asked = () => catalogue.touch()
    undo.push(async () => {
      sdk.asked = undefined
    })
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue: TASK_QUEUE,
      ...workflowCode(),
      // An activity hears of a cancellation with its heartbeat: by default, 10 s late.
      maxHeartbeatThrottleInterval: '4 seconds',
      activities: createActivities(deps),
      maxConcurrentActivityTaskExecutions: config.worker.activities,
      // Told at once; those that do not listen are given up after the force time, and their heartbeats time out.
      shutdownGraceTime: 0,
      shutdownForceTime: config.worker.drainSeconds * 1000,
      // After a worker died, its workflows wait so long for it before another takes them: short, since replaying ours is cheap.
      stickyQueueScheduleToStartTimeout: 3_000,
      interceptors: { activity: [watchAttempts(metrics, mask)] },
    })
    await work(worker, logger, health, signal, Object.keys(config.clusters))
  } catch (error) {
    maskError(mask, error)
    throw error
  } finally {
    health.phase = 'stopped'
    for (const step of undo.reverse()) await atMost(CLOSE_WITHIN_MS, step())
  }
}

/** What does not close in time is closed with the process. */
async function atMost(ms: number, closing: Promise<unknown>): Promise<void> {
  await Promise.race([closing.catch(() => {}), sleep(ms, undefined, { ref: false })])
}

async function connect(
  config: WorkerConfig,
  options: TemporalConnectionOptions,
  logger: Logger,
  health: Health,
  signal: AbortSignal,
) {
  const { address, namespace } = config.temporal
  const onWaiting = (why: string) => {
    health.detail = why
    logger.warn({ address, namespace, why }, `Waiting for Temporal at ${address}`)
  }
  try {
    const connection = await untilConnected(
      async () => {
        const candidate = await Connection.connect({ ...options, connectTimeout: 5_000 })
        try {
          // A server that still starts accepts connections before it knows its namespaces.
          await candidate.workflowService.describeNamespace({ namespace })
          return candidate
        } catch (error) {
          await candidate.close()
          throw error
        }
      },
      { signal, onWaiting },
    )
    const native = await untilConnected(() => NativeConnection.connect(options), { signal, onWaiting })
    health.detail = undefined
    logger.info({ address, namespace }, `Connected to Temporal at ${address}`)
    return { connection, native }
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

async function prepare(connection: Connection, namespace: string, logger: Logger): Promise<void> {
  const { added, problem } = await registerSearchAttributes(connection, namespace)
  if (problem)
    logger.error({ problem }, 'Search attributes could not be registered; workflows will wait until they are')
  else if (added.length > 0) logger.info({ added }, 'Registered search attributes')
}

async function work(worker: Worker, logger: Logger, health: Health, signal: AbortSignal, clusters: string[]) {
  const drain = () => {
    if (worker.getState() !== 'RUNNING') return
    health.phase = 'draining'
    logger.info('Draining: running activities end and are taken over by another worker')
    worker.shutdown()
  }
  const finished = worker.run()
  health.phase = 'running'
  logger.info({ taskQueue: TASK_QUEUE, clusters }, 'Working')
  signal.addEventListener('abort', drain)
  if (signal.aborted) drain()
  try {
    await finished
  } catch (error) {
    if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error
    logger.warn('Some activities did not end in time; other workers take them over when their heartbeats stay away')
  } finally {
    signal.removeEventListener('abort', drain)
  }
  logger.info('Stopped')
}
