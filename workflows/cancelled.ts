import { type CancellationScope, CancelledFailure, isCancellation, patched } from '@temporalio/workflow'

/**
 * Whether work in a scope was to be cancelled. Temporal tries no activity again that was: whatever it fails with then, a worker that died or
 * drained, is the end of a cancellation; and a next run would know nothing of it.
 */
export const wasCancelled = (scope: CancellationScope): boolean =>
  scope.consideredCancelled && patched('cancelled-by-scope')

/** What cancelled work failed with, as a cancellation: what an activity ended with that lost its worker, say, is none by itself. */
export const asCancellation = (error: unknown, what: string): unknown =>
  isCancellation(error) ? error : new CancelledFailure(`${what} was cancelled`)
