import { cancelStatement } from '../../starrocks/backup/job-statements.ts'
import { type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { facts } from '../pollers/facts.ts'
import { snapshotJobs } from './job-desk.ts'
import type { JobPlace, SnapshotJob, SnapshotJobKind } from './job-place.ts'

/**
 * What became of it. `cancelled`: by us, or it was so already. `finished`: it was done before. `committing`: a restore that must not be disturbed any more.
 * `foreign`: the place's job is not ours, and was left alone. `none`: there is no job.
 */
export type CancelOutcome =
  | { outcome: 'cancelled' | 'finished' | 'committing' | 'foreign'; job: SnapshotJob }
  | { outcome: 'none' }

/**
 * Cancels a job on the cluster if it is ours, and only then: CANCEL names a database, not a label, so the row is read right before it. A restore
 * is left alone from COMMITTING on, where a cancel would leave tables that can be neither read nor written.
 * Can be repeated. Throws what the cluster says when it cannot be reached.
 */
export async function cancelOurs(
  cluster: StarRocksCluster,
  kind: SnapshotJobKind,
  place: JobPlace,
  mine: (job: SnapshotJob) => boolean,
): Promise<CancelOutcome> {
  const desk = snapshotJobs(cluster)
  for (let tries = 0; ; tries++) {
    const job = await desk.look(kind, place)
    if (!job) return { outcome: 'none' }
    if (!mine(job)) return { outcome: 'foreign', job }
    if (job.state === 'FINISHED') return { outcome: 'finished', job }
    if (job.state === 'CANCELLED') return { outcome: 'cancelled', job }
    if (job.state === 'COMMITTING') return { outcome: 'committing', job }
    const { version } = await facts(cluster).capabilities()
    try {
      await cluster.execute(cancelStatement(version, kind, place), { urgent: true })
    } catch (error) {
      // It ended in this moment, or the answer was lost: the row tells.
      if (!(error instanceof StarRocksError) || tries >= MOST_TRIES) throw error
    }
  }
}

const MOST_TRIES = 5
