import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSConfig } from '@temporalio/client'
import { InputError } from '../contract/check.ts'
import type { WorkerConfig } from '../contract/worker-config.ts'

export interface TemporalConnectionOptions {
  address: string
  tls?: TLSConfig | boolean
  apiKey?: string
}

/** The options that both the client's and the worker's connection take. Errors: InputError for what Temporal's SDK cannot do. */
export function connectionOptions(temporal: WorkerConfig['temporal']): TemporalConnectionOptions {
  const { address, tls, apiKey } = temporal
  // An API key goes over TLS only; saying so twice is not asked for.
  if (typeof tls === 'boolean') return { address, apiKey, tls: tls || (apiKey ? true : undefined) }
  if (!tls.verify) {
    throw new InputError('temporal.tls.verify', ['false is not possible here; give the authority with `ca` instead'])
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new InputError('temporal.tls', ['cert and key belong together; only one of them is given'])
  }
  return {
    address,
    apiKey,
    tls: {
      serverNameOverride: tls.serverName,
      serverRootCACertificate: tls.ca === undefined ? undefined : Buffer.from(tls.ca),
      clientCertPair:
        tls.cert === undefined || tls.key === undefined
          ? undefined
          : { crt: Buffer.from(tls.cert), key: Buffer.from(tls.key) },
    },
  }
}

export interface WaitOptions {
  signal: AbortSignal
  /** Told at once when it does not answer, then every ten seconds. */
  onWaiting(why: string): void
}

const TELL_EVERY_MS = 10_000

/** Tries until Temporal answers. Errors: only the signal's reason. */
export async function untilConnected<T>(connect: () => Promise<T>, { signal, onWaiting }: WaitOptions): Promise<T> {
  let told = 0
  for (;;) {
    signal.throwIfAborted()
    try {
      return await connect()
    } catch (error) {
      if (Date.now() - told >= TELL_EVERY_MS) {
        told = Date.now()
        onWaiting(innermost(error))
      }
    }
    await sleep(500, undefined, { signal })
  }
}

/** The message that says most: SDK errors wrap the reason. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? innermost(error.cause) : (error.message.split('\n')[0] ?? error.message)
}
