import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { STEP_ENDING_ERRORS } from '../contract/replication.ts'

/** Every activity heartbeats, whatever it waits for; without a beat for so long its worker is dead and another takes over. */
const HEARTBEAT = '12 seconds'

const retry: ActivityOptions['retry'] = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '30 seconds',
}

/** Short reads and changes. Clusters that cannot be reached are tried again until they can, or until somebody stops it. */
export const work = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
})

/** Calls to Temporal itself and to a frontend's settings: they answer at once and do not heartbeat. */
export const control = proxyActivities<Activities>({ startToCloseTimeout: '1 minute', retry })

/** Calls to Temporal itself that somebody may have no right to: what fails for half a minute is told, and nothing else waits for it. */
export const schedules = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  retry: { ...retry, maximumAttempts: 6 },
})

/** What has to be undone on a cluster and could not be: tried again for as long as it takes, in growing pauses. */
export const restores = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
})

/** Waits that last as long as they last. */
export const waits = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
})

/**
 * Looks at both clusters. What fails is told by their result, soon, so that the status never shows old figures as if they were of now; and when
 * no worker has room for them, that must show as well. A cancelled one has ended only when its worker says so: its end is then no news that comes
 * without anybody waiting for it.
 */
export const looks = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  scheduleToStartTimeout: '1 minute',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { ...retry, maximumAttempts: 3 },
})

/**
 * Work on a cluster that must be over before what was cancelled counts as ended: somebody relies on it that nothing is done any more. It ends
 * where that is safe.
 */
export const untilEnded = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
})

/** As long as they are needed; when they are not any more, nothing may be done after that. */
export const guards = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
})

/** For a person who waits in front of a terminal: a cluster that does not answer is an answer. */
export const interactive = proxyActivities<Activities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: HEARTBEAT,
  retry: { ...retry, maximumAttempts: 3 },
})

/**
 * A step of a table. The policy tries again, in the same step and without end, what says nothing about the table: a dead worker (the next attempt
 * adopts the job), a limit, a full disk, a cluster that does not answer. What counts as a failed attempt – an aborted or lost job, metadata
 * that moved on – ends the step, and the workflow sends again as the next one after a back-off: so that these alone are counted, exactly, in
 * the workflow's history, however many waiting attempts lie between them.
 * Cancelling means: send nothing new. An activity that follows a job ends with it.
 */
export const steps = proxyActivities<Activities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: HEARTBEAT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { ...retry, nonRetryableErrorTypes: [...STEP_ENDING_ERRORS] },
})
