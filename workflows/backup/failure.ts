import { ApplicationFailureCategory } from '@temporalio/common'
import { ActivityFailure, ApplicationFailure, CancellationScope, ChildWorkflowFailure } from '@temporalio/workflow'
import type { BackupErrorDetails } from '../../activities/backup/backup-failures.ts'
import { asCancellation } from '../cancelled.ts'

const LONGEST = 600

export interface KnownFailure {
  type: string
  message: string
  details: BackupErrorDetails
}

/** What lies below the wrapping of activities and children. */
export function failureOf(error: unknown): KnownFailure {
  let cause = error
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause) cause = cause.cause
  if (!(cause instanceof ApplicationFailure)) {
    return { type: cause instanceof Error ? cause.name : 'Error', message: textOf(cause), details: {} }
  }
  const [details] = (cause.details ?? []) as [BackupErrorDetails?]
  return { type: cause.type ?? 'Error', message: cause.message, details: details ?? {} }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Bounded: it goes through histories and into lists. */
export const brief = (text: string, longest = LONGEST) =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text

/** What a cancelled workflow ends with: cancelled by Temporal it is Cancelled; by the signal, only a failure can end it before its time. */
export function cancelledEnd(error: unknown, what: string): unknown {
  if (CancellationScope.current().consideredCancelled) return asCancellation(error, what)
  const category = ApplicationFailureCategory.BENIGN
  return ApplicationFailure.create({
    type: 'Cancelled',
    message: `${what} was cancelled`,
    nonRetryable: true,
    category,
  })
}
