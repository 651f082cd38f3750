import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import {
  type Finding,
  type MigrationSpec,
  type StaleInput,
  type StaleResult,
  splitTableName,
} from '../contract/index.ts'
import { LagClock } from '../planning/lag-clock.ts'
import { UNREAD } from '../planning/open-matters.ts'
import { markMatcher } from '../planning/parked-groups.ts'
import { MostUrgent } from '../planning/priorities.ts'
import { StaleSum } from '../planning/stale-counts.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure, unreachable } from './failures.ts'
import { beating, pause } from './heartbeat.ts'
import { facts } from './pollers/facts.ts'
import { lastChange } from './stale/altered.ts'
import { type Look, lookAtTables } from './stale/look.ts'
import { LookPace } from './stale/look-pace.ts'
import { whyUnreachable } from './stale/reachable.ts'
import { lastRestore } from './stale/restored.ts'
import { lookAtStarted, type StartedTables } from './stale/started-tables.ts'

/** StarRocks' own default of replication_max_parallel_table_count, for versions that do not show it. */
const DEFAULT_SLOTS = 100

/** Looks may fail for so long before that is the result: an election is over by then. With the pause before, within a minute. */
const PATIENCE_MS = 20_000
/** The status tells it already: then it only has to be told again from time to time, in case that the reason is another one. */
const PATIENCE_FAILING_MS = 180_000
/** After a look has taken so long, the clusters are asked whether they are there at all. */
const LONG_LOOK_MS = 20_000
const BETWEEN_TRIES_MS = 2_000

export function createFindStaleActivities(deps: Dependencies) {
  const clocks = new Map<string, LagClock>()
  const paces = new Map<string, LookPace>()
  return {
    /**
     * Looks which tables lag behind the source, once or – with `wait` – until something is found. The result is bounded: the most urgent
     * tables, and counts of all. A look takes one query for each cluster, whatever the number of tables.
     *
     * When clusters do not answer, that is the result (`failed`), within a minute: nobody shall take old figures for new ones.
     */
    async findStale(input: StaleInput): Promise<StaleResult> {
      const signal = Context.current().cancellationSignal
      return beating(async () => {
        await pause((input.delay ?? 0) * 1000, signal)
        const until = deps.clock.now() + (input.wait ?? 0) * 1000
        const patience = input.failing ? PATIENCE_FAILING_MS : PATIENCE_MS
        const pace = paces.get(input.spec.name) ?? new LookPace()
        paces.set(input.spec.name, pace)
        let failingSince: number | undefined
        for (let fresh = input.fresh ?? false; ; ) {
          await pause(pace.before(deps.clock.now(), fresh), signal)
          signal.throwIfAborted()
          const started = deps.clock.now()
          // By what is found while nothing runs, a one-time migration ends: then no table may be left for another look.
          const whole = input.spec.oneTime && input.fresh === true
          const found = await tryLook(deps, clocks, { ...input, fresh, whole }, signal)
          if ('failure' in found) {
            failingSince ??= started
            // A workflow of a former version would take the result for figures.
            if (input.failing === undefined) throw unreachable(found.failure)
            if (found.final || deps.clock.now() - failingSince >= patience) {
              const why = found.final ? undefined : await whyUnreachable(deps, input.spec)
              return failedResult(failingSince, why ?? found.failure)
            }
            await pause(BETWEEN_TRIES_MS, signal)
            continue
          }
          failingSince = undefined
          fresh = false
          const { result, slow } = found
          const idle = input.fresh === true && result.stale.length === 0
          pace.note({ startedAt: started, endedAt: deps.clock.now(), slow, idle })
          if (result.stale.length > 0 || deps.clock.now() >= until) return result
          // Where there is no fast path, looking takes its time and must not become all that the frontends do.
          await pause(Math.max(input.spec.intervals.stale * 1000, (deps.clock.now() - started) * 5), signal)
        }
      })
    },
  }
}

function failedResult(since: number, reason: string): StaleResult {
  return {
    stale: [],
    counts: new StaleSum().counts,
    slots: DEFAULT_SLOTS,
    sent: 0,
    failed: { since: new Date(since).toISOString(), reason },
    checkedAt: new Date(since).toISOString(),
  }
}

/** What did not work may work the next time; `final`: it has taken its time already. What cannot work at all is thrown. */
interface FailedLook {
  failure: string
  final?: boolean
}

interface FoundLook {
  result: StaleResult
  /** Tables had to be read one by one. */
  slow: boolean
}

/** `whole`: no table is left for another look. */
type LookInput = StaleInput & { whole: boolean }

async function tryLook(
  deps: Dependencies,
  clocks: Map<string, LagClock>,
  input: LookInput,
  signal: AbortSignal,
): Promise<FoundLook | FailedLook> {
  const given = new AbortController()
  const both = AbortSignal.any([signal, given.signal])
  const looking = look(deps, clocks, input, both)
  // When it is given up, its end is nobody's any more.
  looking.catch(() => undefined)
  try {
    for (;;) {
      const long = new AbortController()
      const found = await Promise.race([looking, pause(LONG_LOOK_MS, long.signal)]).finally(() => long.abort())
      if (found) return found
      signal.throwIfAborted()
      const why = await whyUnreachable(deps, input.spec)
      if (why === undefined) continue
      given.abort()
      return { failure: why, final: true }
    }
  } catch (error) {
    signal.throwIfAborted()
    const failure = asFailure(error, 'looking for tables that lag')
    if (!(failure instanceof ApplicationFailure) || failure.nonRetryable) throw failure
    return { failure: failure.message }
  }
}

async function look(
  deps: Dependencies,
  clocks: Map<string, LagClock>,
  { spec, skip, skipMarks = [], limit, running = 0, states = {}, fresh, whole, oldestLag }: LookInput,
  signal: AbortSignal,
): Promise<FoundLook> {
  const skipped = new Set(skip)
  const isMarked = markMatcher(skipMarks)
  const urgent = new MostUrgent(limit)
  const sum = new StaleSum()
  const databases = new Set<string>()
  const clock = clocks.get(spec.name) ?? new LagClock()
  clocks.set(spec.name, clock)
  const lagging = clock.look(deps.clock.now(), oldestLag)
  const found = await lookAtTables(deps, spec, { signal, fresh, whole, clock: lagging })
  let unparkedMissingTables = 0
  for (const lag of found.lags) {
    sum.add(lag)
    databases.add(splitTableName(lag.table).database)
    const { table, laggingPartitions, bytes, unfinished, missing } = lag
    if (laggingPartitions === 0 && !missing) continue
    if (skipped.has(table) || isMarked(table)) continue
    // What has no copy yet is made by the metadata difference first.
    if (missing) unparkedMissingTables++
    else urgent.offer({ table, laggingPartitions, bytes, unfinished })
  }
  const { counts } = sum
  const { seconds: lagSeconds, oldest } = lagging.finish()
  const started = await lookAtStarted(deps, spec, skip.slice(0, running))
  const slots = await facts(deps.cluster(spec.target).cluster).limit('replication_max_parallel_table_count')
  measure(deps, spec, counts, started, { limit: slots ?? DEFAULT_SLOTS, used: running }, states)
  const result: StaleResult = {
    stale: urgent.list(),
    counts: { ...counts, unparkedMissingTables, ...(lagSeconds === undefined ? {} : { lagSeconds }) },
    slots: slots ?? DEFAULT_SLOTS,
    ...started,
    blind: blindSpots(spec, found),
    oldestLag: oldest,
    lastChange: await lastChange(deps.cluster(spec.source).cluster, databases),
    lastRestore: await lastRestore(deps.cluster(spec.source).cluster, databases),
    checkedAt: new Date(deps.clock.now()).toISOString(),
  }
  return { result, slow: found.slow }
}

function measure(
  { metrics }: Dependencies,
  { name }: MigrationSpec,
  counts: StaleSum['counts'],
  { jobsRunning, sent }: StartedTables,
  slots: { limit: number; used: number },
  states: Record<string, number>,
): void {
  const tables: Record<string, number> = {
    'in sync': counts.tables - counts.expiredTables - counts.unknownTables,
    unknown: counts.unknownTables,
    missing: counts.missingTables,
    lagging: counts.expiredTables - counts.missingTables,
    // These are among the others as well.
    running: slots.used,
    ...states,
  }
  for (const [state, value] of Object.entries(tables)) metrics.gauge('tables', value, { migration: name, state })
  metrics.gauge('bytes_lagging', counts.laggingBytes, { migration: name })
  // Born at 0, so that the first bytes are an increase.
  metrics.count('bytes_copied_total', { migration: name }, 0)
  metrics.gauge('slots', slots.limit, { migration: name, kind: 'limit' })
  metrics.gauge('slots', slots.used, { migration: name, kind: 'used' })
  if (jobsRunning !== undefined) metrics.gauge('slots', jobsRunning + sent, { migration: name, kind: 'jobs' })
}

/** What these clusters do not tell, as findings of the status. */
function blindSpots(spec: MigrationSpec, { unread, unseenChanges }: Look): Finding[] {
  const findings: Finding[] = [...unread].map(([name, tables]) => ({
    code: UNREAD,
    level: 'warning',
    subject: name,
    message: `information_schema.partitions_meta of ${name} has no row of ${tables} tables that have partitions: their state is unknown until SHOW PARTITIONS has told it, some tables in each look`,
    remedy: 'Check that the user may SELECT from all tables, and that all backends are alive',
  }))
  if (unseenChanges) {
    findings.push({
      code: 'column-changes-unseen',
      level: 'warning',
      subject: spec.source,
      message: `SHOW ALTER TABLE COLUMN of ${unseenChanges.databases} databases of ${spec.source} is refused (${unseenChanges.reason}): changes of columns that move no version are seen only by the next metadata difference`,
      remedy:
        'Use a user with the role db_admin on the source; until then, definitionsCheckedAt tells how far columns are known',
    })
  }
  return findings
}
