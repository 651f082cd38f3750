import type { ErrorKind } from './starrocks-error.ts'

/** One known text of StarRocks and what it means. */
export interface Rule {
  /** Held against the text without its “Getting analyzing error …” wrapping. */
  text: RegExp
  kind: ErrorKind
  remedy?: string
  retryAfterMs?: number
  privilege?: (match: RegExpExecArray) => string
  names?: (match: RegExpExecArray) => string[]
}
