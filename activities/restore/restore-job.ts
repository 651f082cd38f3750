import type { Context } from '@temporalio/activity'
import type { RestoreJobProgress } from '../../contract/backup/restore-api.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { repositorySecrets } from '../repository/repository-secrets.ts'
import {
  cancelOurs,
  describeJob,
  followJob,
  type JobPlace,
  placeName,
  type SnapshotJob,
  snapshotJobs,
} from '../snapshot-jobs/index.ts'
import { isMarked, type JobMark } from './job-mark.ts'
import { ProblemWatch } from './problem-watch.ts'
import type { RestoreContext } from './restore-context.ts'
import { endFailure, submissionFailure } from './restore-end.ts'
import { abortedRestore, busyRestore, staleRestore } from './restore-failures.ts'

export interface RestoreJobOrder {
  statement: string
  label: string
  timestamp: string
  place: JobPlace
  /** Names of tables and views as the snapshot has them; to tell ours from another restore of the same snapshot. */
  objects: readonly string[]
  mark: JobMark | null
  /** Seconds; see `jobTimeout`. */
  timeout: number
  /** The step was tried before, under whatever attempt: what it makes may be there. */
  again: boolean
  /** Names that were free at the check, and that the job makes: RESTORE over a table that somebody made meanwhile would replace its rows. */
  taken(): Promise<string[]>
  bytes?: number
  /** See `StallOptions`. */
  largestTablet?: number
  /** Whether what the job makes is there, complete: what a job whose row is gone came to. `sent`: the job itself was seen, or taken. */
  isThere(sent: boolean): Promise<boolean>
  report(progress: RestoreJobProgress): void
}

/** How often a row is looked for after an answer that never came. */
const LOOKS = 5
const LOOK_MS = 500

/**
 * Sends one RESTORE and follows it to its end. A former attempt's job is found and followed instead; an answer that got lost is no reason to send
 * twice. Returns when everything is restored. Cancelled, it cancels the job, unless that is COMMITTING: then it waits for its end.
 * Failures: Busy (benign), Unreachable, Aborted, Stale, Refused, Corrupt.
 */
export async function runRestoreJob(context: RestoreContext, activity: Context, order: RestoreJobOrder): Promise<void> {
  const { attempt, heartbeatDetails } = activity.info
  const before = (heartbeatDetails as Partial<Unsent> | undefined)?.unsent
  const sending = { never: !order.again && (attempt === 1 || before === attempt - 1) }
  try {
    await sendAndFollow(context, activity, order, sending)
  } catch (error) {
    if (sending.never) {
      const { label, place } = order
      const progress: Unsent = { label, database: placeName(place), state: '', unsent: attempt }
      order.report(progress)
    }
    throw error
  }
}

/**
 * Up to which attempt it was not sent for sure; goes along with the failure of that attempt. Lost, or of an earlier one, it counts for nothing: then what
 * is there has to tell.
 */
interface Unsent extends RestoreJobProgress {
  unsent: number
}

async function sendAndFollow(
  context: RestoreContext,
  activity: Context,
  order: RestoreJobOrder,
  sending: { never: boolean },
): Promise<void> {
  const { cluster } = context
  const { place, label } = order
  const what = `Restore of ${label} into ${placeName(place)}`
  const desk = snapshotJobs(cluster)
  const mine = (job: SnapshotJob) => isOurs(job, order)

  const before = await desk.look('restore', place)
  if (before && mine(before) && before.state === 'FINISHED') return
  let sent = before !== undefined && mine(before) && before.state !== 'CANCELLED'
  if (!sent) {
    const holder = await desk.running(place)
    if (holder) throw busyRestore(`${placeName(place)} waits for ${describeJob(holder)}, which is not this restore’s`)
    // Another job may have taken the place of ours in the list after ours had ended.
    if (!sending.never && (await order.isThere(false))) return
    const taken = await order.taken()
    if (taken.length > 0) {
      throw staleRestore(
        `${what}: somebody has made, or written to, ${taken.slice(0, 5).join(', ')} meanwhile, and RESTORE would replace its rows; nothing was restored over it. Begin again`,
      )
    }
    const { never } = sending
    sending.never = false
    try {
      await cluster.execute(order.statement)
      sent = true
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      sent = await wasTaken(error)
      if (!sent) {
        sending.never = never && !isInDoubt(error)
        throw submissionFailure(error, what)
      }
    }
  }

  const watch = new ProblemWatch(context, label)
  const end = await followJob({
    cluster,
    context: activity,
    kind: 'restore',
    place,
    mine,
    stallMs: context.spec.stallMinutes * 60_000,
    bytes: order.bytes,
    largestTablet: order.largestTablet,
    secrets: repositorySecrets(context.deps, context.spec.repository),
    report: order.report,
    seen: (job) => watch.look(job),
  }).catch(async (error: unknown) => {
    // The watch found a damaged object: the job would try it again until its time is up.
    if (watch.found) await stop('a damaged object')
    throw error
  })
  switch (end.end) {
    case 'finished':
      return
    case 'cancelled':
      throw endFailure(end.job, what)
    case 'stopped': {
      const left = await stop('the restore was cancelled')
      activity.cancellationSignal.throwIfAborted()
      throw abortedRestore(left)
    }
    case 'stalled':
      await stop(end.why)
      throw abortedRestore(end.why)
    case 'gone': {
      if (await order.isThere(true)) return
      const by = end.by ? `${describeJob(end.by)} took its place` : 'its row is gone'
      throw abortedRestore(
        `What became of restore ${label} in ${placeName(place)} cannot be told: ${by}, and what is there does not say that it was done`,
      )
    }
  }

  /** Cancels our job and waits until it has ended; from COMMITTING on it is only waited for. */
  async function stop(why: string): Promise<string> {
    for (;;) {
      const { outcome } = await cancelOurs(cluster, 'restore', place, mine)
      if (outcome !== 'committing') return `restore ${label}: ${outcome}, because of ${why}`
      order.report({
        label,
        database: placeName(place),
        state: 'COMMITTING',
        waiting: `${why}; in this state a cancel would leave tables that cannot be used, so its end is waited for`,
      })
      await pause(1_000)
    }
  }

  /** An error after which the job may run all the same. */
  async function wasTaken(error: StarRocksError): Promise<boolean> {
    if (!isInDoubt(error)) return false
    for (let look = 0; look < LOOKS; look++) {
      const job = await desk.look('restore', place).catch(() => undefined)
      if (job && mine(job)) return true
      await pause(LOOK_MS, activity.cancellationSignal)
    }
    return false
  }
}

const isInDoubt = ({ kind }: StarRocksError) =>
  kind === 'OutcomeUnknown' || kind === 'NotLeader' || kind === 'Unreachable'

/** The row of a job that this restore sent: of its snapshot and its objects, and newer than the last one before. */
export function isOurs(
  job: SnapshotJob,
  order: Pick<RestoreJobOrder, 'label' | 'timestamp' | 'objects' | 'mark' | 'timeout'>,
): boolean {
  if (job.timeoutSeconds !== undefined && job.timeoutSeconds !== order.timeout) return false
  if (job.kind !== 'restore' || job.label !== order.label || isMarked(job, order.mark)) return false
  if (job.timestamp !== '' && job.timestamp !== order.timestamp) return false
  // The list is empty before the job has read the snapshot; odd names cannot be told apart in it.
  if (job.objects.length === 0) return true
  const known = new Set(order.objects)
  return order.objects.length === 0 || job.objects.some((object) => known.has(object.name))
}
