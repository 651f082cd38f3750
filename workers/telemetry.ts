import { Runtime } from '@temporalio/worker'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { freePorts } from './free-port.ts'
import type { Endpoint } from './http-endpoints.ts'
import { httpGet } from './http-get.ts'
import { sdkLogger } from './logger.ts'

/**
 * Installs the SDK's runtime: its log through ours, its metrics on a port of this machine only. Once a process, before anything else of the SDK.
 * Returns where the SDK's metrics are; undefined when they are off.
 */
export async function installRuntime(logger: Logger, withMetrics: boolean): Promise<string | undefined> {
  const [port] = withMetrics ? await freePorts(1) : []
  const bindAddress = port === undefined ? undefined : `127.0.0.1:${port}`
  Runtime.install({
    logger: sdkLogger(logger),
    // Signals are ours: the worker says that it drains, and health tells it.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      metrics: bindAddress
        ? { prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true } }
        : undefined,
    },
  })
  return bindAddress ? `http://${bindAddress}/metrics` : undefined
}

/** Where the SDK's metrics are, once its runtime is there. */
export interface SdkMetrics {
  url?: string
  /** Somebody asks for metrics now. */
  asked?(): void
}

/** `/metrics`: starferry's own metrics and the SDK's behind them, in one answer. */
export function metricsEndpoint(registry: Registry, sdk: SdkMetrics): Record<string, Endpoint> {
  return {
    '/metrics': async () => {
      sdk.asked?.()
      const [own, theirs] = await Promise.all([registry.metrics(), sdk.url ? readSdk(sdk.url) : ''])
      return { status: 200, type: registry.contentType, body: `${own}\n${theirs}` }
    },
  }
}

async function readSdk(url: string): Promise<string> {
  try {
    return (await httpGet(url, 5_000)).body
  } catch {
    // Our own figures are worth having without them.
    return ''
  }
}
