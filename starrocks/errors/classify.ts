import { accessRules } from './access-rules.ts'
import { backupRules } from './backup-rules.ts'
import { maskSecrets } from './mask.ts'
import { objectRules } from './object-rules.ts'
import { abortRules, replicationRules } from './replication-rules.ts'
import { repositoryRules } from './repository-rules.ts'
import type { Rule } from './rule.ts'
import { type ErrorKind, StarRocksError } from './starrocks-error.ts'

/**
 * Where a text comes from. A job's own account of its failure, for example, is always about that job: an unknown one still means `Aborted`.
 */
export type ErrorSource = 'statement' | 'replication' | 'job' | 'http'

export interface ClassifyOptions {
  source?: ErrorSource
  /** Texts that must not appear, whatever the frontend repeats. */
  secrets?: readonly string[]
}

const order: Readonly<Record<ErrorSource, readonly (readonly Rule[])[]>> = {
  // A store's own words, which these repeat, must not be taken for StarRocks'.
  statement: [repositoryRules, backupRules, accessRules, objectRules, replicationRules, abortRules],
  replication: [replicationRules, accessRules, abortRules, objectRules],
  job: [abortRules, replicationRules],
  http: [accessRules, abortRules, objectRules],
}

/** Error numbers of StarRocks that say enough when the text is none of the known ones (ErrorCode.java). */
const byNumber: Readonly<Record<number, ErrorKind>> = {
  1045: 'Denied',
  1046: 'Refused',
  1049: 'NotFound',
  1050: 'AlreadyExists',
  1146: 'NotFound',
  1227: 'Denied',
  1252: 'Denied',
  5203: 'Denied',
  5501: 'NotFound',
  5502: 'NotFound',
}

/** What to assume of an unknown text. A statement that a frontend answered with an error was refused; it did not get lost. */
const otherwise: Readonly<Record<ErrorSource, ErrorKind>> = {
  statement: 'Refused',
  replication: 'Unknown',
  job: 'Aborted',
  http: 'Unknown',
}

/**
 * Tells what an error of StarRocks means. Takes what mysql2 throws, a message, or an error classified before (returned as it is).
 * The one place that looks at message texts.
 */
export function classify(error: unknown, options: ClassifyOptions = {}): StarRocksError {
  if (error instanceof StarRocksError) return error
  const source = options.source ?? 'statement'
  const raw = error instanceof Error ? error.message : String(error)
  const number = errorNumber(error)
  const detail = maskSecrets(unwrap(raw), options.secrets)
  // Secrets are kept out of the cause too: it is what loggers print.
  const cause = undefined
  for (const rule of order[source].flat()) {
    const match = rule.text.exec(rule.kind === 'Syntax' ? raw : detail)
    if (!match) continue
    return new StarRocksError({
      kind: rule.kind,
      detail,
      remedy: rule.remedy,
      retryAfterMs: rule.retryAfterMs,
      errno: number,
      privilege: rule.privilege?.(match),
      names: rule.names?.(match),
      cause,
    })
  }
  const kind =
    (number === undefined ? undefined : byNumber[number]) ??
    (source === 'statement' && looksInternal(error) ? 'Unknown' : otherwise[source])
  return new StarRocksError({ kind, detail, errno: number, cause })
}

/** Takes off what StarRocks wraps around the message proper. */
export function unwrap(text: string): string {
  return text
    .replace(/^Unexpected exception: /, '')
    .replace(
      /^Getting analyzing error(?: (?:at|from) line \d+, column \d+(?: to line \d+, column \d+)?)?\. Detail message: /,
      '',
    )
    .trim()
}

function errorNumber(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' && errno > 0 ? errno : undefined
}

/** An error of our own making or of the driver, not an answer of a frontend. */
function looksInternal(error: unknown): boolean {
  return error instanceof Error && errorNumber(error) === undefined
}
