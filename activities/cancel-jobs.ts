import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { type MigrationSpec, migrationJobPrefix, splitTableName } from '../contract/index.ts'
import { createSelection } from '../planning/selection.ts'
import { cancelLoad, replicationLabel, type StarRocksCluster, StarRocksError } from '../starrocks/index.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure, unreachable } from './failures.ts'
import { beating, pause } from './heartbeat.ts'
import { directory } from './pollers/directory.ts'
import { type Job, jobBoard } from './pollers/job-board.ts'

/** Jobs that cannot be cancelled are followed by those who wait for them. */
const PATIENCE_MS = 30_000
const AGAIN_MS = 500
/** A look that was refused is made again after this: a privilege may come back. */
const REFUSED_PAUSE_MS = 30_000
/** Those that cannot be cancelled are not asked for ever faster than this. */
const LONGEST_PAUSE_MS = 5_000
/** Statements a second while jobs are waited for, where each database has to be asked for its own. */
const PER_SECOND = 2

export interface JobsInput {
  spec: MigrationSpec
  /** Only the job of this source table. */
  table?: string
}

export interface CancelInput extends JobsInput {
  /** Goes on until it is cancelled itself: somebody may still be sending. */
  lasting?: boolean
}

interface OwnJob extends Job {
  /** Name. */
  database: string
}

export function createCancelActivities(deps: Dependencies) {
  return {
    /**
     * Cancels the running jobs on the target that carry this migration's ids, and no others. A job that was only just accepted has no transaction
     * yet, so it looks until none runs any more. How many were cancelled.
     */
    async cancelJobs(input: CancelInput): Promise<number> {
      return beating(async () => {
        const { cluster } = deps.cluster(input.spec.target)
        const signal = Context.current().cancellationSignal
        const cancelled = new Set<string>()
        const until = deps.clock.now() + PATIENCE_MS
        try {
          for (let again = AGAIN_MS; ; again = Math.min(again * 1.5, LONGEST_PAUSE_MS)) {
            const jobs = await runningJobs(deps, input, { signal })
            for (const job of jobs) {
              if (!(await cancel(cluster, job)) || cancelled.has(job.jobId)) continue
              cancelled.add(job.jobId)
              again = AGAIN_MS
            }
            const enough = input.lasting ? signal.aborted : jobs.length === 0 || deps.clock.now() >= until
            if (enough) return cancelled.size
            await pause(input.lasting ? again : AGAIN_MS, signal)
          }
        } catch (error) {
          throw asFailure(error, `cancelling jobs on ${input.spec.target}`)
        }
      })
    },

    /** Waits until no job of this migration runs on the target any more, whoever started it and whoever follows it. */
    async awaitQuiet(input: JobsInput): Promise<void> {
      const signal = Context.current().cancellationSignal
      await beating(async (report) => {
        let busy: ReadonlySet<bigint> | undefined
        for (;;) {
          signal.throwIfAborted()
          const jobs = await runningJobs(deps, input, { databases: busy, signal }).catch((error: unknown) => {
            throw notKnownYet(asFailure(error, `waiting for jobs on ${input.spec.target}`))
          })
          // Only when no database at all has one.
          if (jobs.length === 0 && busy === undefined) return
          // A job more in another database does not come any more; should it, the last look over all of them finds it.
          busy = jobs.length === 0 ? undefined : new Set(jobs.map((job) => job.databaseId))
          report({ running: jobs.length, first: jobs[0]?.jobId })
          await pause(Math.max(1_000, ((busy?.size ?? 0) * 1_000) / PER_SECOND), signal)
        }
      })
    },
  }
}

/** Whatever keeps the look from being made, it says nothing about jobs: it is made again later, and not at once. */
function notKnownYet(error: unknown): unknown {
  return error instanceof ApplicationFailure && error.nonRetryable
    ? unreachable(error.message, REFUSED_PAUSE_MS)
    : error
}

/** Whether it was cancelled now. One that is committed, or has no transaction yet, cannot be. */
async function cancel(cluster: StarRocksCluster, job: OwnJob): Promise<boolean> {
  try {
    await cancelLoad(cluster, job.database, replicationLabel(job.databaseId, job.tableId, job.jobId))
    return true
  } catch (error) {
    if (!(error instanceof StarRocksError) || isTransient(error)) throw error
    return false
  }
}

const isTransient = (error: StarRocksError) =>
  error.kind === 'Unreachable' ||
  error.kind === 'NotLeader' ||
  error.kind === 'OutcomeUnknown' ||
  error.kind === 'Denied'

export interface RunningOptions {
  /** Only in these databases of the target. */
  databases?: ReadonlySet<bigint>
  /** A list of databases of this age is believed; 0 unless said. */
  maxAgeMs?: number
  signal?: AbortSignal
}

/** The running jobs of a migration on its target: in databases that it copies into, and no others. */
export async function runningJobs(
  deps: Dependencies,
  { spec, table }: JobsInput,
  { databases, maxAgeMs = 0, signal }: RunningOptions = {},
): Promise<OwnJob[]> {
  const { cluster } = deps.cluster(spec.target)
  const prefix = migrationJobPrefix(spec.name)
  const selection = createSelection(spec)
  const intoIt = (name: string) =>
    selection.renamedInto.includes(name) ||
    selection.sourceDatabases(name).some((source) => selection.includesDatabase(source))
  const names = new Map<bigint, string>()
  for (const { id, name, system } of (await directory(cluster).databases(maxAgeMs)).values()) {
    if (!system && intoIt(name) && (!databases || databases.has(id))) names.set(id, name)
  }
  const only = table === undefined ? undefined : await targetOf(deps, spec, table)
  if (table !== undefined && !only) return []
  const jobs = await jobBoard(cluster).lookAtRunning(only ? [only.databaseId] : [...names.keys()], signal)
  return jobs.flatMap((job) => {
    const database = names.get(job.databaseId) ?? only?.database
    const ours = job.state === 'running' && job.jobId.startsWith(prefix) && (!only || job.tableId === only.table.id)
    return ours && database !== undefined ? [{ ...job, database }] : []
  })
}

function targetOf(deps: Dependencies, spec: MigrationSpec, table: string) {
  const source = splitTableName(table)
  const target = createSelection(spec).target(source.database, source.table)
  return directory(deps.cluster(spec.target).cluster).table(target.database, target.table, 0)
}
