import { ApplicationFailure } from '@temporalio/common'
import type { WorkerConfig } from '../contract/worker-config.ts'

const MASK = '***'

/** Replaces secrets in text; made once from the configuration, used for everything that leaves the process as text. */
export type Mask = (text: string) => string

/** A masker that knows these secrets, in plain and as they look inside JSON, URLs and base64. */
export function createMask(secrets: Iterable<string>): Mask {
  const forms = new Set<string>()
  for (const secret of secrets) {
    // Shorter ones are in every sentence; masking them would hide the sentence and give the secret away.
    if (secret.length < 4) continue
    forms.add(secret)
    forms.add(JSON.stringify(secret).slice(1, -1))
    forms.add(encodeURIComponent(secret))
    forms.add(Buffer.from(secret).toString('base64'))
  }
  // Longest first, so that a secret which is a part of another does not leave the rest of it behind.
  const ordered = [...forms].sort((a, b) => b.length - a.length)
  if (ordered.length === 0) return (text) => text
  const pattern = new RegExp(ordered.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g')
  return (text) => text.replace(pattern, MASK)
}

/** Everything in a configuration that nobody should read in a log: passwords, tokens, private keys, API keys. */
export function secretsOf(config: WorkerConfig): string[] {
  const secrets: (string | undefined)[] = [config.temporal.apiKey, tlsKey(config.temporal.tls)]
  for (const cluster of Object.values(config.clusters))
    secrets.push(cluster.password, cluster.token, tlsKey(cluster.tls))
  for (const { properties, access } of Object.values(config.repositories)) {
    secrets.push(access.accessKey, access.secretKey)
    for (const [key, value] of Object.entries(properties)) if (isSecretProperty(key, value)) secrets.push(value)
  }
  // Whoever knows such an address can write to it; most carry a token.
  secrets.push(...Object.values(config.webhooks))
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '')
}

/** Keys of repository properties whose values are secrets, of whatever store. */
const SECRET_PROPERTY =
  /secret|password|passwd|token|access[._-]?key|account[._-]?key|shared[._-]?key|sas|private[._-]?key|credential(?!s\.provider)|keytab_content/i

const tlsKey = (tls: WorkerConfig['temporal']['tls']) => (typeof tls === 'object' ? tls.key : undefined)

/** Masks the texts of an error and of its causes, in place: stack, message and details go into logs and histories. */
export function maskError(mask: Mask, error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > 10) return
  const message = mask(error.message)
  if (message !== error.message) error.message = message
  if (error.stack) {
    const stack = mask(error.stack)
    if (stack !== error.stack) error.stack = stack
  }
  if (error instanceof ApplicationFailure && error.details) {
    Object.assign(error, { details: maskTexts(mask, error.details) })
  }
  maskError(mask, error.cause, depth + 1)
}

/** The same value, its texts masked. */
function maskTexts(mask: Mask, value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return mask(value)
  if (typeof value !== 'object' || value === null || depth > 10) return value
  if (Array.isArray(value)) return value.map((one) => maskTexts(mask, one, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, maskTexts(mask, one, depth + 1)]))
}

/** Whether a repository's property holds a secret; switches never do, whatever they are called. */
export const isSecretProperty = (key: string, value: string) =>
  SECRET_PROPERTY.test(key) && !/^(true|false)$/i.test(value)
