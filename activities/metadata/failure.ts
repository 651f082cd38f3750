import { type ErrorKind, StarRocksError } from '../../starrocks/index.ts'

const UNREACHABLE: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['Unreachable', 'NotLeader', 'OutcomeUnknown'])

/** A cluster that cannot be talked to: nothing can be said of any object, so the whole activity is to be tried again. */
export const isUnreachable = (error: unknown): boolean => error instanceof StarRocksError && UNREACHABLE.has(error.kind)

export const isNotFound = (error: unknown): boolean => error instanceof StarRocksError && error.kind === 'NotFound'

/** The text of an error for a person. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
