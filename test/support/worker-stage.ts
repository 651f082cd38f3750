import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { WorkerProcess } from '../../client/worker-process.ts'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import type { LabMigration } from './lab-migration.ts'
import { accessTo } from './lab-worker.ts'
import { steadyPorts } from './steady-ports.ts'
import type { TestTemporal } from './temporal.ts'

/** The production worker as a process of its own, configured for these migrations. */
export interface WorkerStage {
  worker: WorkerProcess
  configFile: string
  /** host:port of /metrics. */
  metrics: string
  log(): string
  stop(): Promise<void>
}

export async function startWorkerProcess(
  temporal: TestTemporal,
  migrations: readonly LabMigration[],
  config: {
    logLevel?: 'debug' | 'info'
    clusters?: WorkerConfigInput['clusters']
    repositories?: WorkerConfigInput['repositories']
    webhooks?: WorkerConfigInput['webhooks']
  } = {},
): Promise<WorkerStage> {
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-test-worker-'))
  const [health, metrics] = (await steadyPorts(2)).map((port) => `127.0.0.1:${port}`)
  const configFile = path.join(directory, 'starferry.yaml')
  const logFile = path.join(directory, 'worker.log')
  const clusters = Object.fromEntries(
    migrations.flatMap(({ source, target }) => [source, target].map((one) => [one.state.name, accessTo(one)])),
  )
  const input: WorkerConfigInput = {
    clusters: { ...clusters, ...config.clusters },
    repositories: config.repositories ?? {},
    webhooks: config.webhooks ?? {},
    temporal: { address: temporal.server.address, namespace: temporal.namespace },
    worker: { health, drainSeconds: 5 },
    telemetry: { metrics, logLevel: config.logLevel ?? 'info' },
  }
  writeFileSync(configFile, stringify(input), { mode: 0o600 })
  const worker = new WorkerProcess({ configFile, health: health ?? '', logFile })
  await worker.start()
  return {
    worker,
    configFile,
    metrics: metrics ?? '',
    log: () => readFileSync(logFile, 'utf8'),
    stop: async () => {
      await worker.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
