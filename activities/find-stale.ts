import { Context } from '@temporalio/activity'
import { type StaleInput, type StaleResult, splitTableName } from '../contract/index.ts'
import { MostUrgent } from '../planning/priorities.ts'
import { LagClock, StaleSum } from '../planning/stale-counts.ts'
import { runningJobs } from './cancel-jobs.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure, busy } from './failures.ts'
import { beating, pause } from './heartbeat.ts'
import { facts } from './pollers/facts.ts'
import { lastChange } from './stale/altered.ts'
import { listingAge, lookAtTables } from './stale/look.ts'

/** StarRocks' own default of replication_max_parallel_table_count, for versions that do not show it. */
const DEFAULT_SLOTS = 100

export function createFindStaleActivities(deps: Dependencies) {
  const clocks = new Map<string, LagClock>()
  return {
    /**
     * Looks which tables lag behind the source, once or – with `wait` – until something is found. The result is bounded: the most urgent
     * tables, and counts of all. A look takes one query for each cluster, whatever the number of tables.
     */
    async findStale(input: StaleInput): Promise<StaleResult> {
      const signal = Context.current().cancellationSignal
      return beating(async () => {
        await pause((input.delay ?? 0) * 1000, signal)
        const until = deps.clock.now() + (input.wait ?? 0) * 1000
        for (let fresh = input.fresh ?? false; ; fresh = false) {
          signal.throwIfAborted()
          const started = deps.clock.now()
          const found = await look(deps, clocks, { ...input, fresh }, signal)
          if (found.stale.length > 0 || deps.clock.now() >= until) return found
          // Where there is no fast path, looking takes its time and must not become all that the frontends do.
          await pause(Math.max(input.spec.intervals.stale * 1000, (deps.clock.now() - started) * 5), signal)
        }
      })
    },
  }
}

/** Jobs that the target has taken and not begun. A number for people: when it cannot be had, the look is none the worse. */
async function justSent(deps: Dependencies, spec: StaleInput['spec']): Promise<number> {
  const jobs = await runningJobs(deps, { spec }).catch(() => [])
  return jobs.filter((job) => job.phase === 'INITIALIZING').length
}

async function look(
  deps: Dependencies,
  clocks: Map<string, LagClock>,
  { spec, skip, limit, running, fresh }: StaleInput,
  signal: AbortSignal,
): Promise<StaleResult> {
  try {
    const skipped = new Set(skip)
    const urgent = new MostUrgent(limit)
    const sum = new StaleSum()
    const lagging: string[] = []
    const databases = new Set<string>()
    for (const lag of await lookAtTables(deps, spec, { signal, fresh })) {
      sum.add(lag)
      databases.add(splitTableName(lag.table).database)
      if (lag.laggingPartitions === 0) continue
      lagging.push(lag.table)
      const { table, laggingPartitions, bytes, unfinished } = lag
      // What has no copy yet is made by the metadata difference first.
      if (!lag.missing && !skipped.has(table)) urgent.offer({ table, laggingPartitions, bytes, unfinished })
    }
    const clock = clocks.get(spec.name) ?? new LagClock()
    clocks.set(spec.name, clock)
    const { counts } = sum
    const lagSeconds = clock.seconds(lagging, deps.clock.now())
    const sent = running ? await justSent(deps, spec) : 0
    const slots = await facts(deps.cluster(spec.target).cluster).limit('replication_max_parallel_table_count')
    deps.metrics.gauge('tables', counts.tables - counts.expiredTables, { migration: spec.name, state: 'in sync' })
    deps.metrics.gauge('tables', counts.expiredTables, { migration: spec.name, state: 'lagging' })
    deps.metrics.gauge('bytes_lagging', counts.laggingBytes, { migration: spec.name })
    deps.metrics.gauge('slots', slots ?? DEFAULT_SLOTS, { migration: spec.name, kind: 'limit' })
    deps.metrics.gauge('slots', running ?? 0, { migration: spec.name, kind: 'used' })
    return {
      stale: urgent.list(),
      counts: { ...counts, ...(lagSeconds === undefined ? {} : { lagSeconds }) },
      slots: slots ?? DEFAULT_SLOTS,
      sent,
      lastChange: await lastChange(deps.cluster(spec.source).cluster, databases, listingAge(spec)),
      checkedAt: new Date(deps.clock.now()).toISOString(),
    }
  } catch (error) {
    const failure = asFailure(error, 'looking for tables that lag')
    // Something was dropped while it was being read: not a failure, only another look.
    if (failure instanceof Error && 'type' in failure && failure.type === 'Stale') throw busy(failure.message, 1_000)
    throw failure
  }
}
