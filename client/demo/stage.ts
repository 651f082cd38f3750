import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { stringify } from 'yaml'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'
import { freePorts } from '../../workers/free-port.ts'
import { Starferry } from '../api.ts'
import { TemporalServer } from '../temporal-server.ts'
import { WorkerProcess } from '../worker-process.ts'
import { type LabPair, type LabPairOptions, startLabPair } from './lab-pair.ts'

/** Everything that a demo needs: clusters in this process, Temporal and the worker as children. */
export interface Stage {
  pair: LabPair
  password: string
  server: TemporalServer
  worker: WorkerProcess
  starferry: Starferry
  configFile: string
  /** Logs of Temporal and the worker. */
  directory: string
  workerLog(): string
  stop(): Promise<void>
}

export interface StageOptions extends LabPairOptions {
  say(line: string): void
}

/** Starts all of it side by side. What did start is stopped again when something does not. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const password = options.password ?? ''
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-demo-'))
  const undo: (() => Promise<unknown> | unknown)[] = [() => rmSync(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => {})
  }
  try {
    const [pair, server, ports] = await allOrNone([
      startLabPair(options).then((started) => {
        undo.push(() => started.stop())
        return started
      }),
      TemporalServer.start({
        ui: true,
        say: options.say,
        logFile: path.join(directory, 'temporal.log'),
        searchAttributes: Object.values(SEARCH_ATTRIBUTES),
      }).then((started) => {
        undo.push(() => started.stop())
        return started
      }),
      freePorts(2),
    ])
    const [health, metrics] = ports.map((port) => `127.0.0.1:${port}`)
    const configFile = path.join(directory, 'starferry.yaml')
    const config = {
      clusters: pair.clusters,
      temporal: { address: server.address },
      worker: { health, drainSeconds: 10 },
      telemetry: { metrics },
    }
    writeFileSync(configFile, stringify(config), { mode: 0o600 })
    const logFile = path.join(directory, 'worker.log')
    const worker = new WorkerProcess({ configFile, health: health ?? '', logFile })
    undo.push(() => worker.stop())
    const [client] = await allOrNone([connectTo(server, undo), worker.start()])
    return {
      pair,
      password,
      server,
      worker,
      starferry: new Starferry(client),
      configFile,
      directory,
      workerLog: () => readFileSync(logFile, 'utf8'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Like Promise.all, but waits for all of them before it fails: what is still starting could not be stopped. */
async function allOrNone<T extends readonly unknown[]>(
  starting: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starting)
  return Promise.all(starting)
}

/** Straight to our own server: whatever a configuration file here says is about another one. */
async function connectTo(server: TemporalServer, undo: (() => unknown)[]): Promise<Client> {
  const connection = await Connection.connect({ address: server.address })
  undo.push(() => connection.close())
  return new Client({ connection, namespace: server.namespace })
}
