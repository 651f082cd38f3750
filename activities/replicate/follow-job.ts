import { classify, StarRocksError } from '../../starrocks/index.ts'
import { aborted, asFailure, busy, busyTable, refused, unreachable } from '../failures.ts'
import { pause } from '../heartbeat.ts'
import { type Job, type Jobs, jobBoard } from '../pollers/job-board.ts'
import { type StepContext, shouldStop, throwIfLeaving } from './step-context.ts'
import type { TablePair } from './table-pair.ts'

/** How long the target may be silent before another worker should have a try. */
const SILENCE_MS = 60_000
/** A job is not called missing before it was absent so often, over so long: it is listed only after the next tick of its frontend. */
const ABSENCES = 3
const ABSENCE_MS = 2_000

/** How a job ended. `gone`: it is in no list any more, or another one of the table took its place; the versions must tell. */
export type JobEnd = 'committed' | 'gone' | 'stopped'

/**
 * Follows a job to its end, however long it takes. Throws `Aborted` (or what its reason means) when it failed; Leaving when this process ends.
 * Being told to stop does not disturb: a running job is followed to its end, and only its failure is then called stopped.
 */
export async function followJob(step: StepContext, pair: TablePair, jobId: string): Promise<JobEnd> {
  const tableId = pair.target.entry.id
  let absences = 0
  let absentSince = 0
  for (;;) {
    throwIfLeaving(step)
    const job = (await nextJobs(step, pair)).find(tableId, jobId)
    if (!job) {
      absences++
      absentSince ||= performance.now()
      if (absences >= ABSENCES && performance.now() - absentSince >= ABSENCE_MS) return 'gone'
      continue
    }
    absences = 0
    absentSince = 0
    step.report(progressOf(job))
    if (job.state === 'committed') return 'committed'
    if (job.state === 'aborted') {
      if (shouldStop(step)) return 'stopped'
      throw abortedFailure(pair, job)
    }
  }
}

/** The jobs at the followers' pace; a cluster that cannot be reached for a while is waited for. */
async function nextJobs(step: StepContext, pair: TablePair): Promise<Jobs> {
  const since = performance.now()
  for (let failures = 0; ; failures++) {
    throwIfLeaving(step)
    try {
      return await jobBoard(pair.target.cluster).next(pair.target.databaseId)
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      if (performance.now() - since > SILENCE_MS) throw asFailure(error, `following job ${step.jobId}`)
      step.report({ job: step.jobId, waiting: error.message })
      await pause(Math.min(1_000 * 2 ** failures, 5_000))
    }
  }
}

function progressOf(job: Job) {
  const { jobId, phase, progress } = job
  return { job: jobId, phase, ...(progress ? { progress: `${progress.first}/${progress.total}` } : {}) }
}

function abortedFailure(pair: TablePair, job: Job): Error {
  const why = classify(job.error || 'no reason given', { source: 'job' })
  const message = `job ${job.jobId} of ${pair.target.full} was aborted: ${why.message}`
  if (why.kind === 'Refused' || why.kind === 'WrongToken') return refused(message)
  if (why.kind === 'Busy') return busy(message, why.retryAfterMs)
  return aborted(message)
}

/**
 * A job of this table that runs on the target. Ours – of a former attempt, a former run, another worker – is followed to its end; another's
 * is waited for. How it ended does not matter, the versions are read afresh afterwards. All jobs of the table that were listed.
 */
export async function adoptRunningJob(step: StepContext, pair: TablePair): Promise<readonly Job[]> {
  const jobs = await jobBoard(pair.target.cluster)
    .look(pair.target.databaseId)
    .catch((error: unknown) => {
      throw asFailure(error, `looking for jobs of ${pair.target.full}`)
    })
  const listed = jobs.of(pair.target.entry.id)
  const running = jobs.running(pair.target.entry.id)
  if (!running) return listed
  if (!running.jobId.startsWith(step.migrationPrefix)) {
    throw busyTable(
      `another replication job of ${pair.target.full} is running on ${pair.target.cluster.name}: ${running.jobId}`,
    )
  }
  step.deps.metrics.count('jobs_adopted_total')
  await followJob(step, pair, running.jobId)
  return listed
}

/** Whether the target lists the job, looked up afresh until it is certain. Throws `Unreachable` when the target does not answer. */
export async function isListed(pair: TablePair, jobId: string): Promise<boolean> {
  for (let look = 0; look < ABSENCES; look++) {
    try {
      const jobs = await jobBoard(pair.target.cluster).look(pair.target.databaseId)
      if (jobs.find(pair.target.entry.id, jobId)) return true
    } catch (error) {
      if (error instanceof StarRocksError) throw unreachable(`${pair.target.cluster.name}: ${error.message}`)
      throw error
    }
  }
  return false
}
