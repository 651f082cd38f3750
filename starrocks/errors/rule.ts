import type { JobFailureKind } from './job-failure-kind.ts'
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

/** A text about a backup or restore: what it asks for beyond its kind. */
export interface JobRule extends Rule {
  failure: JobFailureKind
  /** In which point something conflicts, or in which state a job was. */
  what?: (match: RegExpExecArray) => string
  remedy: string
}
