import { type Holdings, unrecorded } from '../../planning/backup/catalogue.ts'
import { isOurLabel, passingLabel } from '../../planning/backup/label.ts'
import type { SnapshotTrace } from '../../planning/backup/leftovers.ts'
import type { Repository } from '../../repository/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import type { ClusterJobs } from './cluster-jobs.ts'
import type { FoundIntent } from './repository-objects.ts'
import type { Writer } from './writers.ts'

export interface TraceInput {
  repository: Repository
  holdings: Holdings
  intents: readonly FoundIntent[]
  jobs: readonly ClusterJobs[]
  /** Labels that records have. */
  known: ReadonlySet<string>
  /** What somebody says to work with: label → why. */
  reads: ReadonlyMap<string, string>
  writerOf(workflowId: string, runId?: string): Promise<Writer>
  /** Of restores that run (`runHash`); undefined where that is not known. */
  restoring: ReadonlySet<string> | undefined
  /** By the store's clock. */
  now: number
  signal?: AbortSignal
}

const LOOKS_AT_ONCE = 8

/** What is there that no record names and that starferry may have left, and intents that outlived their record. */
export async function readTraces(input: TraceInput): Promise<SnapshotTrace[]> {
  const { repository, intents, jobs, reads, restoring, now, signal } = input
  const announced = new Map(intents.map((found) => [found.intent.label, found]))
  const labels = unrecorded(input.holdings).filter(
    (label) => announced.has(label) || isOurLabel(label) || passingLabel(label),
  )
  const traces = await mapConcurrently(labels, LOOKS_AT_ONCE, async (label): Promise<SnapshotTrace | undefined> => {
    const found = announced.get(label)
    const { state } = await repository.lookAt(label, { signal })
    const passing = passingLabel(label)
    // Without an intent a complete one is somebody's backup; it need not be measured.
    if (!found && ((state === 'complete' && !passing) || state === 'missing')) return undefined
    const { newest } = state === 'missing' ? { newest: undefined } : await repository.measure(label, { signal })
    const read = reads.get(label)
    const touched = Math.max(newest?.getTime() ?? 0, found?.writtenAt.getTime() ?? 0)
    return {
      label,
      state: state === 'missing' ? 'nothing' : state === 'incomplete' ? 'incomplete' : 'complete',
      ageMs: now - touched,
      ...(found ? { intent: await writerOfIntent(found, input) } : {}),
      ...(read === undefined ? {} : { read }),
      ...(passing ? { inUse: passing.kind === 'passage' ? restoring?.has(passing.hash) : false } : {}),
      ...jobOf(label, jobs, found?.intent.record.cluster),
    }
  })
  return traces.filter((trace) => trace !== undefined)
}

async function writerOfIntent({ intent: { workflowId, runId } }: FoundIntent, { writerOf }: TraceInput) {
  return { workflowId, writer: await writerOf(workflowId, runId) }
}

/** Whether a job of that label runs: on the cluster that the intent names, on any that is known without one. */
function jobOf(
  label: string,
  jobs: readonly ClusterJobs[],
  cluster: string | undefined,
): Pick<SnapshotTrace, 'job' | 'jobWhy'> {
  const asked = cluster === undefined ? jobs : jobs.filter((one) => one.cluster === cluster)
  for (const one of asked) {
    const running = 'jobs' in one ? one.jobs.find((job) => job.label === label) : undefined
    if (running) return { job: 'runs', jobWhy: running.what }
  }
  const silent = asked.find((one) => 'unknown' in one)
  if (silent && 'unknown' in silent) return { job: 'unknown', jobWhy: silent.unknown }
  if (asked.length === 0) return { job: 'unknown', jobWhy: `cluster ${cluster ?? ''} is not configured here` }
  return { job: 'over' }
}
