import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { stringify } from 'yaml'
import { Starferry } from '../client/api.ts'
import { TemporalServer } from '../client/temporal-server.ts'
import { WorkerProcess } from '../client/worker-process.ts'
import { SEARCH_ATTRIBUTES } from '../contract/names.ts'
import type { WorkerConfigInput } from '../contract/worker-config.ts'
import { freePorts } from '../workers/free-port.ts'
import { LabProcess } from './lab-process.ts'

/** Lab clusters, Temporal and the production worker, each in a process of its own. */
export class WorkStage {
  readonly lab = new LabProcess()
  readonly undo: (() => Promise<unknown> | unknown)[] = []
  #client: Client | undefined
  #worker: WorkerProcess | undefined

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

  async stop(): Promise<void> {
    for (const step of this.undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => {})
    await this.lab.stop()
  }

  /** `known`: what the worker shall reach. */
  protected async begin(known: Promise<Pick<WorkerConfigInput, 'clusters' | 'repositories'>>): Promise<void> {
    const directory = mkdtempSync(path.join(tmpdir(), 'starferry-bench-'))
    this.undo.push(() => rmSync(directory, { recursive: true, force: true }))
    const [config, server, ports] = await Promise.all([
      known,
      TemporalServer.start({
        logFile: path.join(directory, 'temporal.log'),
        searchAttributes: Object.values(SEARCH_ATTRIBUTES),
        say: (line) => console.error(line),
      }),
      freePorts(2),
    ])
    this.undo.push(() => server.stop())
    const [health = '', metrics = ''] = ports.map((port) => `127.0.0.1:${port}`)
    const configFile = path.join(directory, 'starferry.yaml')
    writeFileSync(
      configFile,
      stringify({
        ...config,
        temporal: { address: server.address },
        worker: { health, drainSeconds: 5 },
        telemetry: { metrics, logLevel: 'warn' },
      }),
      { mode: 0o600 },
    )
    const worker = new WorkerProcess({ configFile, health, logFile: path.join(directory, 'worker.log') })
    this.#worker = worker
    this.undo.push(() => worker.stop())
    await worker.start()
    const connection = await Connection.connect({ address: server.address })
    this.undo.push(() => connection.close())
    this.#client = new Client({ connection, namespace: server.namespace })
  }
}
