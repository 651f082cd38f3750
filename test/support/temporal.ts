import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker'
import { TemporalServer } from '../../client/temporal-server.ts'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'
import { type SharedNamespace, takeNamespace } from './shared-temporal.ts'

let quiet = false

/** Workers of this process only say what is wrong; must come before the first of them. */
export function quietRuntime(): void {
  if (quiet) return
  quiet = true
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' })
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } })
}

export interface TestTemporal {
  /** Holds the server's log and, when durable, its database: everything that it ever stored. */
  directory: string
  server: TemporalServer
  namespace: string
  /** Of that namespace. */
  client: Client
  /** What leads the command line there. */
  env: { TEMPORAL_ADDRESS: string; TEMPORAL_NAMESPACE: string }
  stop(): Promise<void>
}

export interface TestTemporalOptions {
  /** With a database file, so that it can be killed and restarted. */
  durable?: boolean
  /** Events after which workflows are told to continue as new; the server's default otherwise. */
  continueAfter?: number
}

/** A namespace of a real Temporal development server; with any option, a server of this test alone. */
export async function startTemporal(options: TestTemporalOptions = {}): Promise<TestTemporal> {
  quietRuntime()
  const { server, directory, namespace, leave } = await (Object.keys(options).length === 0
    ? takeNamespace()
    : ownServer(options))
  const connection = await Connection.connect({ address: server.address })
  const client = new Client({ connection, namespace })
  return {
    server,
    namespace,
    client,
    directory,
    env: { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: namespace },
    stop: async () => {
      await leave(client)
      await connection.close()
    },
  }
}

async function ownServer({ durable = false, continueAfter }: TestTemporalOptions): Promise<SharedNamespace> {
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-test-temporal-'))
  const server = await TemporalServer.start({
    searchAttributes: Object.values(SEARCH_ATTRIBUTES),
    dbFile: durable ? path.join(directory, 'temporal.db') : undefined,
    logFile: path.join(directory, 'temporal.log'),
    extraArgs:
      continueAfter === undefined
        ? []
        : ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${continueAfter}`],
  })
  return {
    server,
    directory,
    namespace: server.namespace,
    leave: async () => {
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
