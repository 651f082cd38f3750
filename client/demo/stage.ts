import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { stringify } from 'yaml'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import { freePorts } from '../../workers/free-port.ts'
import { Starferry } from '../api.ts'
import { BackupClient } from '../backup-client.ts'
import { RestoreClient } from '../restore-client.ts'
import { NoS3ServerError } from '../s3-server/find-s3-server.ts'
import { TemporalServer } from '../temporal-server.ts'
import { WorkerProcess } from '../worker-process.ts'
import { type LabPair, type LabPairOptions, startLabPair } from './lab-pair.ts'
import { type Production, type ProductionOptions, startProduction } from './production.ts'

/** What every stage has: Temporal and the worker as children, and clients. */
export interface Backstage {
  server: TemporalServer
  worker: WorkerProcess
  client: Client
  starferry: Starferry
  backups: BackupClient
  restores: RestoreClient
  configFile: string
  /** Logs of Temporal and the worker. */
  directory: string
  workerLog(): string
  stop(): Promise<void>
}

/** For a migration: two clusters in this process. */
export interface Stage extends Backstage {
  pair: LabPair
  password: string
  /** A third cluster, with a repository; or why there is none. */
  production?: Production | string
}

export interface StageOptions extends LabPairOptions {
  /** A cluster to be backed up as well. */
  production?: ProductionOptions
  say(line: string): void
}

/** Starts all of it side by side. What did start is stopped again when something does not. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { stage, labs } = await setBackstage(options.say, async (undo) => {
    const [pair, production] = await allOrNone([
      startLabPair(options).then((started) => {
        undo.push(() => started.stop())
        return started
      }),
      options.production ? productionOf(options.production, undo) : undefined,
    ])
    const more = typeof production === 'object' ? production : undefined
    return {
      labs: { pair, production },
      config: { clusters: { ...pair.clusters, ...more?.clusters }, repositories: more?.repositories },
    }
  })
  return { ...stage, ...labs, password: options.password ?? '' }
}

/** Only a cluster to be backed up. Errors: NoS3ServerError. */
export async function setBackupStage(options: ProductionOptions): Promise<Backstage & { production: Production }> {
  const { stage, labs } = await setBackstage(options.say, async (undo) => {
    const production = await startProduction(options)
    undo.push(() => production.stop())
    return { labs: production, config: production }
  })
  return { ...stage, production: labs }
}

/** Without an S3 server the rest of a demo is still worth seeing. */
async function productionOf(options: ProductionOptions, undo: Undo): Promise<Production | string> {
  try {
    const production = await startProduction(options)
    undo.push(() => production.stop())
    return production
  } catch (error) {
    if (error instanceof NoS3ServerError) return error.message
    throw error
  }
}

type Undo = (() => Promise<unknown> | unknown)[]

/** Starts the clusters, Temporal and a worker that is configured for them. */
async function setBackstage<L>(
  say: (line: string) => void,
  startLabs: (undo: Undo) => Promise<{ labs: L; config: Pick<WorkerConfigInput, 'clusters' | 'repositories'> }>,
): Promise<{ stage: Backstage; labs: L }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-demo-'))
  const undo: Undo = [() => rmSync(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch(() => {})
  }
  try {
    const [started, server, ports] = await allOrNone([
      startLabs(undo),
      TemporalServer.start({
        ui: true,
        say,
        logFile: path.join(directory, 'temporal.log'),
        searchAttributes: Object.values(SEARCH_ATTRIBUTES),
      }).then((running) => {
        undo.push(() => running.stop())
        return running
      }),
      freePorts(2),
    ])
    const [health, metrics] = ports.map((port) => `127.0.0.1:${port}`)
    const configFile = path.join(directory, 'starferry.yaml')
    const config = {
      clusters: started.config.clusters,
      repositories: started.config.repositories ?? {},
      temporal: { address: server.address },
      worker: { health, drainSeconds: 10 },
      telemetry: { metrics },
    }
    writeFileSync(configFile, stringify(config), { mode: 0o600 })
    const logFile = path.join(directory, 'worker.log')
    const worker = new WorkerProcess({ configFile, health: health ?? '', logFile })
    undo.push(() => worker.stop())
    const [client] = await allOrNone([connectTo(server, undo), worker.start()])
    const stage: Backstage = {
      server,
      worker,
      client,
      starferry: new Starferry(client),
      backups: new BackupClient(client),
      restores: new RestoreClient(client),
      configFile,
      directory,
      workerLog: () => readFileSync(logFile, 'utf8'),
      stop,
    }
    return { stage, labs: started.labs }
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
async function connectTo(server: TemporalServer, undo: Undo): Promise<Client> {
  const connection = await Connection.connect({ address: server.address })
  undo.push(() => connection.close())
  return new Client({ connection, namespace: server.namespace })
}
