import { CancelledFailure } from '@temporalio/common'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { largestTablet } from '../../planning/backup/largest-tablet.ts'
import { classifyJobEnd, classifyTaskErrors } from '../../starrocks/errors/job-failure.ts'
import { pause } from '../heartbeat.ts'
import { arrivedIn } from '../repository/arrived.ts'
import { repositorySecrets } from '../repository/repository-secrets.ts'
import {
  cancelOurs,
  followJob,
  type SnapshotJob,
  shouldStop,
  snapshotJobs,
  throwIfLeaving,
} from '../snapshot-jobs/index.ts'
import { abortedBackup, jobEndFailure, refusedBackup } from './backup-failures.ts'
import type { Intent } from './backup-intent.ts'
import type { BackupRun } from './backup-run.ts'
import { lookAgain, type SecondLook } from './second-look.ts'
import { stateInRepository } from './state-in-repository.ts'

const GONE_LOOK_MS = 2_000

export interface Followed {
  leaderChanged: boolean
  look?: SecondLook
}

/** Follows the job until its snapshot is in the repository. Throws when it never will be. */
export async function follow(run: BackupRun, intent: Intent): Promise<Followed> {
  const { side, place, label, context, input } = run
  let looking: Promise<SecondLook> | undefined
  const mine = (job: SnapshotJob) => job.kind === 'backup' && job.label === label
  let leaderChanged = false
  for (;;) {
    const end = await followJob({
      cluster: side.cluster,
      context,
      kind: 'backup',
      place,
      mine,
      stallMs: input.spec.stallMinutes * 60_000,
      largestTablet: largestTablet(partitionsAt(intent.record)),
      ...(run.objects ? { arrived: () => arrivedIn(run.objects?.repository, label, run.signal) } : {}),
      ...(intent.leader === undefined ? {} : { leader: intent.leader }),
      bytes: intent.bytes,
      secrets: repositorySecrets(run.deps, input.spec.repository),
      report: run.report,
      seen: (job) => {
        if (run.objects && job.state !== 'PENDING' && job.state !== 'SNAPSHOTING')
          looking ??= handled(lookAgain(run, intent.record))
        const worst = classifyTaskErrors(job.taskErrors)
        if (worst?.kind === 'unsupported') throw new Hopeless(`${worst.text}. ${worst.remedy}`)
      },
    }).catch((error: unknown) => {
      if (error instanceof Hopeless) return error
      throw error
    })
    if (end instanceof Hopeless) {
      await cancelOurs(side.cluster, 'backup', place, mine)
      throw refusedBackup(`snapshot ${label} can never be finished: ${end.message}`)
    }
    leaderChanged ||= end.leaderChanged
    const done = async () => ({ leaderChanged, look: await looking })
    switch (end.end) {
      case 'finished':
        return done()
      case 'cancelled':
        throw cancelledFailure(run, end.job, true)
      case 'stopped':
        await cancelOurs(side.cluster, 'backup', place, mine)
        throw new CancelledFailure(`backup ${label} was cancelled`)
      case 'stalled': {
        const { outcome } = await cancelOurs(side.cluster, 'backup', place, mine)
        if (outcome === 'finished') return done()
        if (outcome === 'cancelled')
          throw abortedBackup(`${end.why}; it was cancelled, and is begun again under a new label`)
        if ((await untilSettled(run)) === 'complete') return done()
        throw abortedBackup(`${end.why}; it is gone`)
      }
      case 'gone': {
        const settled = await untilSettled(run)
        if (settled === 'complete') return done()
        if (settled === 'again') continue
        const by = end.by ? `; ${end.by.kind} ${end.by.label} took its place` : ''
        throw abortedBackup(`the cluster knows job ${label} no more${by}, and its snapshot is not in the repository`)
      }
    }
  }
}

/** Of its last snapshot. */
function partitionsAt({ tables, labels }: BackupRecord) {
  const at = labels.length - 1
  return Object.values(tables).flatMap(({ partitions }) => Object.values(partitions).filter((one) => one.at === at))
}

class Hopeless extends Error {}

/** Awaited later; until then a failure is not unhandled. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

export function cancelledFailure(run: BackupRun, job: SnapshotJob, followed: boolean): Error {
  const failed = classifyJobEnd(job)
  const what = `snapshot ${run.label}`
  if (!failed) return abortedBackup(`${what} was cancelled`)
  // Found cancelled, it may have been an attempt of ours before this one that did it.
  return jobEndFailure(failed, what, followed)
}

/**
 * The row is gone: the repository tells. A job that nobody may see any more – a grant was taken away – may still be at work, so it is
 * waited for as long as a job may stand still; one that another job replaced is over.
 */
async function untilSettled(run: BackupRun): Promise<'complete' | 'again' | 'lost'> {
  const { side, place, label, context, input } = run
  const until = performance.now() + input.spec.stallMinutes * 60_000
  for (;;) {
    throwIfLeaving(context)
    if (shouldStop(context)) throw new CancelledFailure(`backup ${label} was cancelled`)
    // First the row, then the repository: what ends in between is seen.
    const job = await snapshotJobs(side.cluster).look('backup', place)
    if (job?.label === label) return 'again'
    const other = job ?? (await snapshotJobs(side.cluster).look('restore', place))
    if ((await stateInRepository(run)) === 'complete') return 'complete'
    if (other || performance.now() >= until) return 'lost'
    run.report({
      label,
      database: input.database,
      state: '',
      waiting: 'the cluster shows the job no more; looking for the snapshot in the repository',
    })
    await pause(GONE_LOOK_MS, run.signal)
  }
}
