import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import { SnapshotError, StorageError } from '../../repository/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'

type ErrorType = (typeof BACKUP_ERRORS)[keyof typeof BACKUP_ERRORS]

const failure = (type: ErrorType, message: string, nonRetryable: boolean) =>
  ApplicationFailure.create({ type, message, nonRetryable })

/** Another job holds the place, or the cluster asks to wait: tried again without end. */
export const busyRestore = (message: string, afterMs = 3_000) =>
  ApplicationFailure.create({
    type: BACKUP_ERRORS.busy,
    message,
    nextRetryDelay: afterMs,
    category: ApplicationFailureCategory.BENIGN,
  })

export const unreachableRestore = (message: string) => failure(BACKUP_ERRORS.unreachable, message, false)
/** The job ended badly or stands still: the workflow counts it and sends again. */
export const abortedRestore = (message: string) => failure(BACKUP_ERRORS.aborted, message, true)
/** What was found at the check is no longer so. */
export const staleRestore = (message: string) => failure(BACKUP_ERRORS.stale, message, true)
export const refusedRestore = (message: string) => failure(BACKUP_ERRORS.refused, message, true)
export const corruptRestore = (message: string) => failure(BACKUP_ERRORS.corrupt, message, true)
export const cancelledByUser = (message: string) => failure(BACKUP_ERRORS.cancelledByUser, message, true)

/** New credentials may come by themselves: from an instance profile, or a file that is renewed. */
const WAITS: ReadonlySet<StorageError['kind']> = new Set(['Unreachable', 'Throttled', 'ExpiredCredentials'])

/** Of an INSERT OVERWRITE: which tables it was done for before. One statement changes all chosen partitions of its table, or none. */
export function overwriteFailure(
  error: unknown,
  table: string,
  {
    overwritten,
    untouched,
    refused,
    off,
  }: {
    overwritten: readonly string[]
    untouched: readonly string[]
    refused: string | undefined
    /** Settings of the table that are switched off before. */
    off: readonly string[]
  },
): unknown {
  const failure = asRestoreFailure(error, `Partitions of ${table} were not overwritten`)
  if (!(failure instanceof ApplicationFailure)) return failure
  const { nextRetryDelay } = failure
  const states = [
    ...(overwritten.length > 0 ? [`those of ${overwritten.join(', ')} hold the backup already`] : []),
    ...(off.length > 0 ? [`until that is done or discarded, ${table} is without ${off.join(', ')}`] : []),
    ...(untouched.length > 0 ? [`those of ${untouched.join(', ')} are as they were`] : []),
  ]
  return ApplicationFailure.create({
    type: failure.type ?? undefined,
    message: [failure.message, ...states].join('; '),
    nonRetryable: failure.nonRetryable ?? undefined,
    category: failure.category ?? undefined,
    ...(nextRetryDelay ? { nextRetryDelay } : {}),
    details: [{ overwritten, ...(refused === undefined ? {} : { refused }) }],
  })
}

/** What an error of the cluster or the store means for a restore; others are handed on as they are. */
export function asRestoreFailure(error: unknown, what: string): unknown {
  if (error instanceof StorageError) {
    const message = `${what}: ${error.message}`
    return WAITS.has(error.kind) ? unreachableRestore(message) : refusedRestore(message)
  }
  if (error instanceof SnapshotError) return corruptRestore(`${what}: ${error.message}`)
  if (!(error instanceof StarRocksError)) return error
  const message = `${what}: ${error.message}`
  switch (error.kind) {
    case 'Busy':
      return busyRestore(message, error.retryAfterMs)
    case 'Unreachable':
    case 'OutcomeUnknown':
    case 'NotLeader':
    case 'BackendCannotAnswer':
      return unreachableRestore(message)
    case 'Stale':
    case 'NotFound':
    case 'AlreadyExists':
      return staleRestore(message)
    case 'Aborted':
    case 'Unknown':
    case 'UnexpectedAnswer':
      return abortedRestore(message)
    default:
      return refusedRestore(message)
  }
}
