import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import { REPLICATE_ERRORS, type ReplicateErrorDetails } from '../contract/index.ts'
import { StarRocksError } from '../starrocks/index.ts'

type ErrorType = (typeof REPLICATE_ERRORS)[keyof typeof REPLICATE_ERRORS]

function failure(type: ErrorType, message: string, details: ReplicateErrorDetails = {}, nonRetryable = false) {
  return ApplicationFailure.create({ type, message, details: [details], nonRetryable })
}

/** Metadata moved on: read again. `align`: the table's definition or partitions on the target do not fit the source's. */
export const stale = (message: string, details: ReplicateErrorDetails = {}) =>
  failure(REPLICATE_ERRORS.stale, message, details)

export const aborted = (message: string) => failure(REPLICATE_ERRORS.aborted, message)

export const lost = (message: string) => failure(REPLICATE_ERRORS.lost, message)

/** Cannot work as it is; trying again by itself would not help. */
export const refused = (message: string) => failure(REPLICATE_ERRORS.refused, message, {}, true)

/** Would discard what starferry did not write. */
export const needsApproval = (message: string, statements: string[], question: string) =>
  failure(REPLICATE_ERRORS.needsApproval, message, { statements, question }, true)

/** Wait and try again; an expected thing, so neither an alert nor a failed attempt. */
export function busy(message: string, afterMs = 10_000, details: ReplicateErrorDetails = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type: REPLICATE_ERRORS.busy,
    message,
    details: [details],
    nextRetryDelay: afterMs,
    category: ApplicationFailureCategory.BENIGN,
  })
}

/** Waits for something that holds this one table; when that takes long, the table's slot is better used by another. */
export const busyTable = (message: string, afterMs?: number) => busy(message, afterMs, { yields: true })

export const unreachable = (message: string, afterMs?: number) =>
  ApplicationFailure.create({ type: REPLICATE_ERRORS.unreachable, message, nextRetryDelay: afterMs })

/** What a cluster's error means for an activity. Failures, cancellations and errors of other origin are handed on as they are. */
export function asFailure(error: unknown, what: string): unknown {
  if (!(error instanceof StarRocksError)) return error
  const message = `${what}: ${error.message}`
  switch (error.kind) {
    case 'Busy':
      return busy(message, error.retryAfterMs)
    case 'Stale':
    case 'NotFound':
    case 'TargetAhead':
    case 'AlreadyExists':
      return stale(message)
    case 'Aborted':
      return aborted(message)
    case 'Unreachable':
    case 'OutcomeUnknown':
    case 'NotLeader':
    case 'BackendCannotAnswer':
      return unreachable(message, error.retryAfterMs)
    case 'Denied':
    case 'WrongToken':
    case 'Unsupported':
    case 'Refused':
    case 'Syntax':
    case 'UnknownProperties':
      return refused(message)
    // An answer that makes no sense may be a frontend that is just starting.
    case 'UnexpectedAnswer':
    case 'NothingToReplicate':
    case 'Unknown':
      return aborted(message)
  }
}
