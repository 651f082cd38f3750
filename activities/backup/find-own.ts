import type { BackupRecord } from '../../contract/backup/record.ts'
import { leaderIdentity, snapshotJobs } from '../snapshot-jobs/index.ts'
import { abortedBackup } from './backup-failures.ts'
import { type Intent, intentOf } from './backup-intent.ts'
import { type BackupRun, labelOfAttempt } from './backup-run.ts'
import { cancelledFailure, type Followed, follow } from './follow-backup.ts'
import { planNext } from './plan-snapshot.ts'
import { stateInRepository } from './state-in-repository.ts'

type Found = { intent: Intent; followed: Followed } | { record: BackupRecord }

/** What became of this label in an attempt before, if it was sent: it is followed to its end here. */
export async function findOwn(run: BackupRun): Promise<Found | undefined> {
  const { side, place, label, objects, signal } = run
  const intent = objects ? ((await objects.intent(label, { signal })) as Intent | undefined) : undefined
  const again = run.context.info.attempt > 1 || intent !== undefined
  if (objects && again) {
    const record = await objects.record(label, { signal })
    if (record) return { record }
  }
  const job = await snapshotJobs(side.cluster).look('backup', place)
  if (job?.label === label) {
    if (job.state === 'CANCELLED') throw cancelledFailure(run, job, false)
    const known = intent ?? (await rebuilt(run))
    if (job.state === 'FINISHED') return { intent: known, followed: { leaderChanged: await leaderMoved(run, known) } }
    run.deps.metrics.count('backup_jobs_adopted_total', { cluster: run.input.spec.cluster })
    return { intent: known, followed: await follow(run, known) }
  }
  if (!again) return undefined
  // Another job took its place, or it was never sent.
  const state = await stateInRepository(run)
  if (state === 'missing') return undefined
  if (state === 'complete') {
    const known = intent ?? (await rebuilt(run))
    return { intent: known, followed: { leaderChanged: await leaderMoved(run, known) } }
  }
  throw abortedBackup(`snapshot ${label} was begun and not finished, and its job is no more`)
}

async function leaderMoved({ side }: BackupRun, { leader }: Intent): Promise<boolean> {
  return leader !== undefined && (await leaderIdentity(side.cluster, 0)) !== leader
}

/** Without the storage nothing is written down: what was planned is planned once more, only to be told. */
async function rebuilt(run: BackupRun): Promise<Intent> {
  // What is in the snapshot follows from what was seen when it was sent, and nobody knows that any more.
  if (run.objects) throw abortedBackup(`what was noted of snapshot ${run.label} before it was sent is gone`)
  return intentOf(run, await planNext(run, run.input.leftOut))
}

/** What former attempts of this snapshot left in the repository; their jobs are over. */
export async function removeFailed(run: BackupRun): Promise<void> {
  const { input, objects, side, place } = run
  if (!objects || input.attempt === 1) return
  const job = await snapshotJobs(side.cluster).look('backup', place)
  for (let attempt = 1; attempt < input.attempt; attempt++) {
    const label = labelOfAttempt(input, attempt)
    if (job?.label === label && job.state !== 'CANCELLED' && job.state !== 'FINISHED') continue
    const { failed, stopped } = await objects.repository.deleteSnapshot(label, { signal: run.signal })
    // As long as it is announced, the workflow's end and retention try again.
    if (failed === 0 && !stopped) await objects.removeIntent(label)
  }
}
