import type { Context } from '@temporalio/activity'
import type { JobProgress } from '../../contract/backup/backup-api.ts'
import { type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { snapshotJobs } from './job-desk.ts'
import type { JobPlace, SnapshotJob, SnapshotJobKind } from './job-place.ts'
import { leaderIdentity } from './leader-watch.ts'
import { shouldStop, throwIfLeaving } from './leaving.ts'
import { ProgressMeter } from './progress-meter.ts'
import { type StallOptions, StallWatch } from './stall-watch.ts'

/** A row is not called missing before it was absent so often in a row, over so long. */
const ABSENCES = 3
const ABSENCE_MS = 2_000
/** Looks at a job in its last state that come sooner than others: as many as one step of the frontend lasts, and then some. */
const LOOKS_AT_END = 12
/** How long a cluster may be silent before another worker should have a try. */
const SILENCE_MS = 60_000
export interface FollowOptions extends StallOptions {
  cluster: StarRocksCluster
  context: Context
  kind: SnapshotJobKind
  place: JobPlace
  /** Whether a row is the job that is followed: its label; of a restore, that it is newer than the last one before it, too. */
  mine(job: SnapshotJob): boolean
  /** Which frontend led when the job was sent (`leaderIdentity`), where that is known: an attempt before this one may have sent it. */
  leader?: string
  /** Of what is moved, for rate and time left. */
  bytes?: number
  /** Of the repository: left out of what is reported. */
  secrets: readonly string[]
  report(progress: JobProgress): void
  /** Whenever it was seen; what it throws ends the following. */
  seen?(job: SnapshotJob): void | Promise<void>
}

/**
 * How following ended. `gone`: the row is no more, or another job took its place (`by`); what became of it must be found out otherwise.
 * `stalled`: it runs, but nothing moves any more. `stopped`: the workflow was cancelled meanwhile; the job still runs.
 */
export type JobEnd = (
  | { end: 'finished'; job: SnapshotJob }
  | { end: 'cancelled'; job: SnapshotJob }
  | { end: 'gone'; job?: SnapshotJob; by?: SnapshotJob }
  | { end: 'stalled'; job: SnapshotJob; why: string }
  | { end: 'stopped'; job?: SnapshotJob }
) & {
  /** The leader changed, or was restarted, while the job ran. */
  leaderChanged: boolean
}

/**
 * Follows a job to its end, however long it takes. Tasks that fail do not fail a job; they are in the progress as problems. Throws `Leaving` when
 * this process ends, and what a cluster says that stays silent for a minute.
 */
export function followJob(options: FollowOptions): Promise<JobEnd> {
  const desk = snapshotJobs(options.cluster)
  return desk.follow(options.kind, options.place, () => follow(options))
}

async function follow(options: FollowOptions): Promise<JobEnd> {
  const { context, kind, place, mine, report } = options
  const desk = snapshotJobs(options.cluster)
  const meter = new ProgressMeter(options.bytes, options.secrets)
  const stall = new StallWatch(options)
  const leader = new LeaderChange(options.cluster, options.leader)
  let last: SnapshotJob | undefined
  let absences = 0
  let absentSince = 0
  let silentSince: number | undefined
  let looksAtEnd = 0
  for (;;) {
    throwIfLeaving(context)
    if (shouldStop(context)) return { end: 'stopped', job: last, leaderChanged: leader.changed }
    let job: SnapshotJob | undefined
    try {
      await leader.look()
      const ending = last?.state === 'UPLOAD_INFO' && looksAtEnd++ < LOOKS_AT_END
      job = await desk.next(kind, place, ending)
      silentSince = undefined
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      silentSince ??= performance.now()
      if (performance.now() - silentSince > SILENCE_MS) throw error
      report({ ...(last ? meter.read(last) : blank(place)), waiting: error.message })
      await pause(1_000, context.cancellationSignal)
      continue
    }
    if (!job || !mine(job)) {
      if (job && isNewer(job, last)) return { end: 'gone', job: last, by: job, leaderChanged: leader.changed }
      absences++
      absentSince ||= performance.now()
      if (absences >= ABSENCES && performance.now() - absentSince >= ABSENCE_MS) {
        return { end: 'gone', job: last, by: job, leaderChanged: leader.changed }
      }
      continue
    }
    absences = 0
    absentSince = 0
    last = job
    await options.seen?.(job)
    const progress = meter.read(job)
    report(progress)
    if (job.state === 'FINISHED') {
      // Perhaps in the last moment before it was done.
      await leader.look(0).catch(ignoreSilence)
      return { end: 'finished', job, leaderChanged: leader.changed }
    }
    if (job.state === 'CANCELLED') return { end: 'cancelled', job, leaderChanged: leader.changed }
    const { stalled, waiting } = await stall.observe(job, leader.changed)
    if (stalled) return { end: 'stalled', job, why: stalled, leaderChanged: leader.changed }
    if (waiting) report({ ...progress, waiting })
  }
}

/** A row of another label, seen after ours was: ours is over, one place has one job. */
function isNewer(job: SnapshotJob, last: SnapshotJob | undefined): boolean {
  return last !== undefined && (job.label !== last.label || job.createTime !== last.createTime)
}

class LeaderChange {
  changed = false
  readonly #cluster: StarRocksCluster
  #first: string | undefined

  constructor(cluster: StarRocksCluster, first: string | undefined) {
    this.#cluster = cluster
    this.#first = first
  }

  async look(maxAgeMs?: number): Promise<void> {
    const now = await leaderIdentity(this.#cluster, maxAgeMs)
    this.#first ??= now
    if (now !== undefined && now !== this.#first) this.changed = true
  }
}

function ignoreSilence(error: unknown): void {
  if (!(error instanceof StarRocksError)) throw error
}

const blank = (place: JobPlace): JobProgress => ({
  label: '',
  database: 'database' in place ? place.database : '',
  state: '',
})
