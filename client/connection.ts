import { Client, Connection } from '@temporalio/client'
import { check, InputError } from '../contract/check.ts'
import { type WorkerConfig, workerConfigSchema } from '../contract/worker-config.ts'
import { loadTemporalConfiguration } from '../workers/configuration.ts'
import { connectionOptions } from '../workers/connect.ts'
import { readInput } from '../workers/yaml-file.ts'
import { NotConnectedError } from './errors.ts'
import { io } from './io.ts'

/** The options with which every command that talks to Temporal can be told where it is. */
export interface TemporalOptions {
  temporal?: string
  namespace?: string
  tls?: boolean
  tlsCa?: string
  tlsCert?: string
  tlsKey?: string
  tlsServerName?: string
  apiKey?: string
  config?: string
}

export interface Connected {
  client: Client
  connection: Connection
  address: string
  namespace: string
  close(): Promise<void>
}

const CONNECT_WITHIN_MS = 5_000

/** Where Temporal is: options, then Temporal's own environment variables, then the configuration file, then 127.0.0.1:7233. */
export function temporalSettings(
  options: TemporalOptions,
  env: NodeJS.ProcessEnv = io().env,
): WorkerConfig['temporal'] {
  const file = loadTemporalConfiguration({ config: options.config, env })
  const fromFile = file && typeof file.tls === 'object' ? file.tls : undefined
  const read = (path: string | undefined) => (path ? readInput(path) : undefined)
  const pem = {
    ca: read(options.tlsCa ?? env.TEMPORAL_TLS_CA) ?? fromFile?.ca,
    cert: read(options.tlsCert ?? env.TEMPORAL_TLS_CERT) ?? fromFile?.cert,
    key: read(options.tlsKey ?? env.TEMPORAL_TLS_KEY) ?? fromFile?.key,
    serverName: options.tlsServerName ?? env.TEMPORAL_TLS_SERVER_NAME ?? fromFile?.serverName,
  }
  const plainTls = options.tls ?? (env.TEMPORAL_TLS ? env.TEMPORAL_TLS !== 'false' : undefined) ?? file?.tls === true
  const given = Object.values(pem).some((value) => value !== undefined)
  const settings = {
    address: options.temporal ?? (env.TEMPORAL_ADDRESS || undefined) ?? file?.address,
    namespace: options.namespace ?? (env.TEMPORAL_NAMESPACE || undefined) ?? file?.namespace,
    apiKey: options.apiKey ?? (env.TEMPORAL_API_KEY || undefined) ?? file?.apiKey,
    tls: given ? pem : plainTls,
  }
  return check(workerConfigSchema, { temporal: settings }, 'Temporal').temporal
}

/** Errors: InputError for options that cannot be; NotConnectedError. */
export async function connectTemporal(options: TemporalOptions): Promise<Connected> {
  const settings = temporalSettings(options)
  const { address, namespace } = settings
  let opened: Connection | undefined
  try {
    const connection = await Connection.connect({ ...connectionOptions(settings), connectTimeout: CONNECT_WITHIN_MS })
    opened = connection
    await connection.withDeadline(Date.now() + CONNECT_WITHIN_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    )
    return {
      client: new Client({ connection, namespace }),
      connection,
      address,
      namespace,
      close: () => connection.close(),
    }
  } catch (error) {
    await opened?.close()
    if (error instanceof InputError) throw error
    throw new NotConnectedError(
      `Temporal does not answer at ${address}, namespace ${namespace}: ${reason(error)}. Name another place with --temporal HOST:PORT or TEMPORAL_ADDRESS, or start one here with \`starferry dev\`.`,
    )
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const detail = (error as { details?: string }).details
  return detail || (error.cause instanceof Error ? reason(error.cause) : (error.message.split('\n')[0] ?? ''))
}
