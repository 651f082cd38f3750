import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { stringify } from 'yaml'
import { Starferry } from '../client/api.ts'
import { TemporalServer } from '../client/temporal-server.ts'
import { WorkerProcess } from '../client/worker-process.ts'
import type { MigrationSpecInput, MigrationStatus } from '../contract/index.ts'
import { migrationId, SEARCH_ATTRIBUTES } from '../contract/names.ts'
import { freePorts } from '../workers/free-port.ts'
import { LabProcess } from './lab-process.ts'

/** Everything that a migration needs, each in a process of its own: two lab clusters, Temporal, and the production worker. */
export class MigrationStage {
  readonly lab = new LabProcess()
  readonly #undo: (() => Promise<unknown> | unknown)[] = []
  #client: Client | undefined
  #worker: WorkerProcess | undefined

  /** `timeFactor`: how much faster than real the target's replication goes. */
  static async set({ timeFactor = 1 }: { timeFactor?: number } = {}): Promise<MigrationStage> {
    const stage = new MigrationStage()
    try {
      await stage.#start(timeFactor)
      return stage
    } catch (error) {
      await stage.stop()
      throw error
    }
  }

  get starferry(): Starferry {
    return new Starferry(this.client)
  }

  get client(): Client {
    if (!this.#client) throw new Error('The stage is not set')
    return this.#client
  }

  get workerPid(): number {
    if (this.#worker?.pid === undefined) throw new Error('The worker does not run')
    return this.#worker.pid
  }

  /** Starts a migration and answers what its status tells until something holds. Errors: when it fails, and after ten minutes. */
  async migrate(
    spec: MigrationSpecInput,
    until: (status: MigrationStatus) => boolean | Promise<boolean>,
  ): Promise<MigrationStatus> {
    const deadline = Date.now() + 600_000
    await this.starferry.start(spec)
    for (;;) {
      const status = await this.starferry.status(spec.name)
      if (await until(status)) return status
      if (status.state === 'failed' || status.state === 'stopped') throw new Error(`The migration ${describe(status)}`)
      if (Date.now() > deadline) throw new Error(`The migration takes too long: ${describe(status)}`)
      await sleep(200)
    }
  }

  /** Events in the histories of the migration's own workflow, over all its runs. */
  async parentEvents(name: string): Promise<number> {
    let events = 0
    let runId: string | undefined
    do {
      const handle = this.client.workflow.getHandle(migrationId(name), runId)
      const history = await handle.fetchHistory()
      events += history.events?.length ?? 0
      runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined
    } while (runId)
    return events
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => {})
    await this.lab.stop()
  }

  async #start(timeFactor: number): Promise<void> {
    const directory = mkdtempSync(path.join(tmpdir(), 'starferry-bench-'))
    this.#undo.push(() => rmSync(directory, { recursive: true, force: true }))
    const [clusters, server, ports] = await Promise.all([
      this.lab.ask('start', { source: { version: '3.3' }, target: { version: '3.5', timeFactor } }),
      TemporalServer.start({
        logFile: path.join(directory, 'temporal.log'),
        searchAttributes: Object.values(SEARCH_ATTRIBUTES),
        say: (line) => console.error(line),
      }),
      freePorts(2),
    ])
    this.#undo.push(() => server.stop())
    const [health = '', metrics = ''] = ports.map((port) => `127.0.0.1:${port}`)
    const configFile = path.join(directory, 'starferry.yaml')
    writeFileSync(
      configFile,
      stringify({
        clusters,
        temporal: { address: server.address },
        worker: { health, drainSeconds: 5 },
        telemetry: { metrics, logLevel: 'warn' },
      }),
      { mode: 0o600 },
    )
    const worker = new WorkerProcess({ configFile, health, logFile: path.join(directory, 'worker.log') })
    this.#worker = worker
    this.#undo.push(() => worker.stop())
    await worker.start()
    const connection = await Connection.connect({ address: server.address })
    this.#undo.push(() => connection.close())
    this.#client = new Client({ connection, namespace: server.namespace })
  }
}

function describe({ state, reason, reasons, findings, jobs, tables }: MigrationStatus): string {
  const fatal = findings
    .filter(({ level }) => level === 'fatal')
    .map(({ subject, message }) => `${subject}: ${message}`)
  return JSON.stringify({ state, reason, reasons, fatal, jobs, tables })
}
