import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'

const HEARTBEAT = '12 seconds'
const retry: ActivityOptions['retry'] = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '30 seconds',
}

/**
 * Steps of a restore. What says nothing about them – a dead worker, a busy database, a cluster that does not answer – is tried again without end; their
 * own failures come non-retryable, and the workflow counts them. Cancelled, an activity ends its job before it ends.
 */
export const steps = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
})

/** Looks before anything is changed: who waits for the answer is told soon what is wrong. */
export const looks = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, maximumAttempts: 10 },
})
