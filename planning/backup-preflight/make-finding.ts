import type { Finding } from '../../contract/findings.ts'
import type { BackupFindingCode } from './finding-codes.ts'

const make =
  (level: Finding['level']) =>
  (code: BackupFindingCode, subject: string, message: string, remedy?: string): Finding => ({
    code,
    level,
    subject,
    message,
    ...(remedy ? { remedy } : {}),
  })

export const fatal = make('fatal')
export const warning = make('warning')
export const info = make('info')

/** What was asked for and cannot be: an error for whoever waits for the answer; no reason for a policy to back up nothing at all. */
export const unlessScheduled = (scheduled: boolean) => (scheduled ? warning : fatal)

/** Some names of many, for sentences. */
export function someOf(names: Iterable<string>, most = 5): string {
  const all = [...names]
  const rest = all.length - most
  return `${all.slice(0, most).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
