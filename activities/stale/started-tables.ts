import { type MigrationSpec, splitTableName, tableWorkflowId } from '../../contract/index.ts'
import { groupReasons } from '../../planning/parking.ts'
import { createSelection } from '../../planning/selection.ts'
import { runningJobs } from '../cancel-jobs.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { directory } from '../pollers/directory.ts'
import { jobBoard } from '../pollers/job-board.ts'

/** What has become of the tables that a migration has started. */
export interface StartedTables {
  /** Jobs that the target has taken and not begun. */
  sent: number
  /** Jobs that run on the target; unset: it does not tell. */
  jobsRunning?: number
  /** Tables without a job, by what they wait for. */
  waiting: { reason: string; tables: number }[]
}

/** Tables whose workflows are asked what they wait for; the rest of a wider window is told as not asked. */
const MOST_ASKED = 200
/** Where each database has to be asked for its jobs, so many are; with more, what runs is not counted. */
const MOST_DATABASES = 10
const MOST_REASONS = 10

const PREPARING = 'looking what it lacks, and preparing its job'

/**
 * Tells the jobs of started tables from their waiting: for room on a disk, for a limit, for a schema change, for another's job. Numbers for people:
 * when they cannot be had, the look is none the worse.
 */
export async function lookAtStarted(
  deps: Dependencies,
  spec: MigrationSpec,
  tables: readonly string[],
): Promise<StartedTables> {
  if (tables.length === 0) return { sent: 0, jobsRunning: 0, waiting: [] }
  try {
    const targets = await targetIds(deps, spec, tables)
    const databases = new Set([...targets.values()].map(({ databaseId }) => databaseId))
    const board = jobBoard(deps.cluster(spec.target).cluster)
    if (databases.size > MOST_DATABASES && !(await board.tellsAll())) return { sent: 0, waiting: [] }
    const jobs = await runningJobs(deps, { spec }, { databases, maxAgeMs: Number.POSITIVE_INFINITY })
    const sent = jobs.filter((job) => job.phase === 'INITIALIZING').length
    const busy = new Set(jobs.map((job) => job.tableId))
    const idle = tables.filter((table) => {
      const target = targets.get(table)
      return target === undefined || !busy.has(target.tableId)
    })
    return { sent, jobsRunning: jobs.length - sent, waiting: await whyIdle(deps, spec, idle) }
  } catch {
    return { sent: 0, waiting: [] }
  }
}

async function targetIds(deps: Dependencies, spec: MigrationSpec, tables: readonly string[]) {
  const listing = directory(deps.cluster(spec.target).cluster)
  const selection = createSelection(spec)
  const found = new Map<string, { databaseId: bigint; tableId: bigint }>()
  for (const full of tables) {
    const { database, table } = splitTableName(full)
    const copy = selection.target(database, table)
    const entry = await listing.table(copy.database, copy.table, Number.POSITIVE_INFINITY)
    if (entry) found.set(full, { databaseId: entry.databaseId, tableId: entry.table.id })
  }
  return found
}

async function whyIdle(deps: Dependencies, spec: MigrationSpec, idle: readonly string[]) {
  const asked = idle.slice(0, MOST_ASKED)
  const reasons = await mapConcurrently(asked, 8, async (table) => {
    const why = await whyWaiting(deps, spec.name, table)
    return { reason: why?.reason ?? PREPARING, tables: 1 }
  })
  const rest = idle.length - asked.length
  const unasked = rest > 0 ? [{ reason: 'started, and not asked what it waits for', tables: rest }] : []
  return groupReasons([...reasons, ...unasked], MOST_REASONS)
}

/**
 * What a table's activity last said: what its present attempt waits for, or the failure that it waits after. Undefined when its workflow has ended
 * just now, or cannot be asked.
 */
export async function whyWaiting(
  deps: Dependencies,
  migration: string,
  table: string,
): Promise<{ attempts: number; reason?: string } | undefined> {
  try {
    const { raw } = await deps.client.workflow.getHandle(tableWorkflowId(migration, table)).describe()
    const pending = raw.pendingActivities?.[0]
    const reason = waitingFor(pending?.heartbeatDetails?.payloads?.[0]?.data) ?? pending?.lastFailure?.message
    return { attempts: pending?.attempt ?? 0, ...(reason ? { reason } : {}) }
  } catch {
    return undefined
  }
}

/** The field `waiting` of a step's heartbeat. */
function waitingFor(data: Uint8Array | null | undefined): string | undefined {
  if (!data) return undefined
  try {
    const details = JSON.parse(Buffer.from(data).toString('utf8')) as { waiting?: unknown } | null
    return typeof details?.waiting === 'string' ? details.waiting : undefined
  } catch {
    // Behind a codec: only the failure can be read.
    return undefined
  }
}
