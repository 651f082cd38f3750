import type { Context } from '@temporalio/activity'
import { largestTablet } from '../../planning/backup/largest-tablet.ts'
import { passageLabel } from '../../planning/restore/restore-names.ts'
import type { RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import { showSnapshots } from '../../starrocks/backup/show-snapshots.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { arrivedIn } from '../repository/arrived.ts'
import { repositorySecrets } from '../repository/repository-secrets.ts'
import { cancelOurs, describeJob, followJob, type SnapshotJob, snapshotJobs } from '../snapshot-jobs/index.ts'
import { repositoryOf } from './repository-of.ts'
import type { OwnSnapshot, RestoreContext } from './restore-context.ts'
import { endFailure, submissionFailure, underNewLabel } from './restore-end.ts'
import { abortedRestore, busyRestore } from './restore-failures.ts'
import { writeOwnBackup } from './step-statements.ts'

const LOOKS = 5
const LOOK_MS = 500

/**
 * Backs up assembled tables out of the scratch database, for RESTORE to bring them beside the live ones: nothing else moves a table between databases.
 * The label tells the run and the attempt, so that a former attempt's job is found. Failures as `runRestoreJob`.
 */
export async function takeOwnSnapshot(
  context: RestoreContext,
  activity: Context,
  step: Extract<RestorePlanStep, { kind: 'backup' }>,
  attempt: number,
  report: (progress: unknown) => void,
): Promise<OwnSnapshot> {
  const { cluster, spec, basis, outline } = context
  const place = { database: outline.scratch }
  const label = passageLabel(basis.hash, step.part, attempt)
  const desk = snapshotJobs(cluster)
  const what = `Backup ${label} of ${outline.scratch}`
  const mine = (job: SnapshotJob) => job.kind === 'backup' && job.label === label
  const complete = async (): Promise<OwnSnapshot | undefined> => {
    const [found] = await showSnapshots(cluster, spec.repository, [label])
    if (found?.status.kind !== 'ok' || !found.timestamp) return undefined
    return { part: step.part, label, timestamp: found.timestamp }
  }

  const before = await desk.look('backup', place)
  if (!before || !mine(before)) {
    const done = await complete()
    if (done) return done
    const holder = await desk.running(place)
    if (holder) throw busyRestore(`${outline.scratch} waits for ${describeJob(holder)}`)
    try {
      await cluster.execute(writeOwnBackup(outline, context.version, step, label))
    } catch (error) {
      if (!(error instanceof StarRocksError) || !(await wasTaken()))
        throw error instanceof StarRocksError ? submissionFailure(error, what) : error
    }
  }
  const end = await followJob({
    cluster,
    context: activity,
    kind: 'backup',
    place,
    mine,
    stallMs: spec.stallMinutes * 60_000,
    largestTablet: largestTablet(step.tables.flatMap(({ table }) => Object.values(table.partitions))),
    arrived: async () => arrivedIn(await repositoryOf(context.deps, spec.repository), label, context.signal),
    secrets: repositorySecrets(context.deps, spec.repository),
    report,
  })
  if (end.end === 'stopped' || end.end === 'stalled') await cancelOurs(cluster, 'backup', place, mine)
  if (end.end === 'stopped') activity.cancellationSignal.throwIfAborted()
  if (end.end === 'stalled') throw abortedRestore(end.why)
  // Its label is used up: what could be tried again later must be tried under the next one, which the workflow gives.
  if (end.end === 'cancelled') throw underNewLabel(endFailure(end.job, what))
  const snapshot = await complete()
  if (snapshot) return snapshot
  throw abortedRestore(`Backup ${label} of ${outline.scratch} left no complete snapshot`)

  async function wasTaken(): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) {
      const job = await desk.look('backup', place).catch(() => undefined)
      if (job && mine(job)) return true
      await pause(LOOK_MS, activity.cancellationSignal)
    }
    return false
  }
}
