import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'

const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const

/**
 * One snapshot. The policy tries again, under the same label and without end, what says nothing about it: a dead worker (the next attempt finds the job),
 * a database that another job has, a cluster or a storage that does not answer. What calls for a new label ends the activity, and the workflow starts it as
 * the next attempt: so that these alone are counted. Cancelling is awaited: the activity cancels its job on the cluster.
 */
export const snapshots = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '12 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    ...retry,
    nonRetryableErrorTypes: [
      BACKUP_ERRORS.aborted,
      BACKUP_ERRORS.stale,
      BACKUP_ERRORS.refused,
      BACKUP_ERRORS.corrupt,
      BACKUP_ERRORS.cancelledByUser,
    ],
  },
})

/** Cleaning up is worth some patience, and must end: a backup that failed shall say so. */
export const cleaning = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '12 seconds',
  retry: { ...retry, maximumAttempts: 10 },
})

/** Numbers beside a backup that stands already: what the cluster does not answer is told, and a worker that dies is replaced. */
export const counts = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '12 seconds',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { ...retry, maximumAttempts: 10 },
})

/** A file beside a backup that stands already. */
export const companions = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '12 seconds',
  retry: { ...retry, maximumAttempts: 6 },
})

/** Somebody's web server. */
export const notices = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  retry: { ...retry, maximumAttempts: 6 },
})
