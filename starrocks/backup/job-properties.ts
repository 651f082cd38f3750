import { quoteProperties } from '../quote.ts'
import { refused } from './grammar.ts'

/** The shortest time StarRocks lets a backup or restore run before it cancels it. */
export const minJobTimeoutSeconds = 600

/** `timeout` in seconds, counted from the job's creation over all of its states. Errors: `Refused` below ten minutes. */
export function timeoutProperty(seconds: number | undefined): [string, string][] {
  if (seconds === undefined) return []
  if (!Number.isSafeInteger(seconds) || seconds < minJobTimeoutSeconds) {
    throw refused(`A backup or restore cannot have a timeout of ${seconds} s`, [], 'Give whole seconds, at least 600')
  }
  return [['timeout', String(seconds)]]
}

/** ` PROPERTIES (…)`, or nothing: an empty list is no valid grammar. */
export function writeProperties(properties: readonly (readonly [string, string])[]): string {
  return properties.length === 0 ? '' : ` PROPERTIES ${quoteProperties(properties)}`
}
