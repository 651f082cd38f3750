import { versionOf } from '../../planning/partition-verdict.ts'
import { mayDiscard, tableOwnership, whyNotOurs } from '../../planning/schema-ownership.ts'
import type { ObjectName } from '../../starrocks/ddl/index.ts'
import {
  createPartitionsByLoad,
  isAlterRunning,
  listAlterJobs,
  listPartitions,
  StarRocksError,
} from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { isNotFound, reasonOf } from './failure.ts'
import type { PlanningSession } from './plan-table.ts'
import { runningJob, unpublishedJob } from './running-job.ts'
import { SourceLook } from './source-look.ts'
import { type DiscardStep, type Step, statementsOf } from './steps.ts'
import { lookUp, noteOnTarget, targetIds } from './target-entry.ts'

/** The target changed between the look and the act: nothing was destroyed, and a person decides. */
export class NotOursAnyMore extends Error {
  override name = 'NotOursAnyMore'
  /** What would be run on approval. */
  readonly statements: readonly string[]
  /** What an approval has to answer; unset: that is found out by the next look. */
  readonly question: string | undefined
  constructor(message: string, statements: readonly string[], question?: string) {
    super(message)
    this.statements = statements
    this.question = question
  }
}

/** Somebody else made the table meanwhile: look again. */
export class AppearedMeanwhile extends Error {
  override name = 'AppearedMeanwhile'
}

/** Something on the target takes longer than an activity should wait. */
export class StillRunning extends Error {
  override name = 'StillRunning'
}

export interface Executed {
  statements: string[]
  notes: string[]
}

/** How long a rollup, schema change or optimize job is waited for. */
const SETTLE_MS = 300_000
const LOOK_MS = 300

/**
 * Runs the steps of one table on the target, in order; between them a cancellation is honoured. Each can be run again: what is there already is
 * no error. Errors: NotOursAnyMore, StillRunning, AppearedMeanwhile, OnSourceByNow, StarRocksError.
 */
export async function execute(session: PlanningSession, name: ObjectName, steps: readonly Step[]): Promise<Executed> {
  const done: Executed = { statements: [], notes: [] }
  const source = new SourceLook(session.pair)
  for (const step of steps) {
    session.pair.signal?.throwIfAborted()
    if (step.kind === 'discard') await source.throwIfThere(step)
    await run(session, name, step, done)
  }
  return done
}

async function run(session: PlanningSession, name: ObjectName, step: Step, done: Executed): Promise<void> {
  const { target } = session.pair
  switch (step.kind) {
    case 'sql':
      await tolerant(target.cluster.execute(step.statement))
      done.statements.push(step.statement)
      return
    case 'try':
      try {
        await target.cluster.execute(step.statement)
        done.statements.push(step.statement)
      } catch (error) {
        if (!(error instanceof StarRocksError) || error.kind === 'Unreachable') throw error
        done.notes.push(`${step.what}: ${reasonOf(error)}`)
      }
      return
    case 'create-table':
      await createTable(session, step, done)
      return noteOnTarget(session, name, undefined)
    case 'discard':
      await checkDiscard(session, name, step)
      await target.cluster.execute(step.statement)
      done.statements.push(step.statement)
      return
    case 'create-partitions':
      await createPartitions(session, name, step)
      done.statements.push(...statementsOf([step]))
      return
    default:
      return settle(session, name, step.what)
  }
}

/** What a former attempt did already is no error. */
async function tolerant(statement: Promise<void>): Promise<void> {
  try {
    await statement
  } catch (error) {
    if (!(error instanceof StarRocksError) || error.kind !== 'AlreadyExists') throw error
  }
}

async function createTable(
  session: PlanningSession,
  step: Extract<Step, { kind: 'create-table' }>,
  done: Executed,
): Promise<void> {
  const { target } = session.pair
  for (let statement = step.write(session.unknownProperties); ; ) {
    try {
      await target.cluster.execute(statement)
      done.statements.push(statement)
      return
    } catch (error) {
      if (error instanceof StarRocksError && error.kind === 'AlreadyExists') throw new AppearedMeanwhile(error.message)
      const fresh =
        error instanceof StarRocksError && error.kind === 'UnknownProperties'
          ? error.names.filter((property) => !session.unknownProperties.has(property))
          : []
      if (fresh.length === 0) throw error
      for (const property of fresh) session.unknownProperties.add(property)
      done.notes.push(`the target does not know ${fresh.join(', ')}: left out`)
      const next = step.write(session.unknownProperties)
      if (next === statement) throw error
      statement = next
    }
  }
}

/**
 * Looks once more right before rows are destroyed: that they are the ones that were decided about, whose they are, and that no job runs or is
 * about to be seen in them.
 */
async function checkDiscard(session: PlanningSession, name: ObjectName, step: DiscardStep): Promise<void> {
  const { target, signal } = session.pair
  const ids = await lookUp(session, name).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  if (!ids) return
  const job = await runningJob(target, ids, signal)
  if (job) throw new StillRunning(`${job} runs on it; the change follows when it has ended`)
  const late = await unpublishedJob(target, ids, signal)
  if (late !== undefined)
    throw new StillRunning(`replication job ${late} of it is not published yet; the change follows`)
  const rows = await partitionsOf(session, name)
  const concerned = step.partition === undefined ? rows : rows.filter((row) => row.name === step.partition)
  const seen = new Map(step.of.map(({ id, version }) => [id, version]))
  const other = concerned.find((row) => !seen.has(row.id))
  if (other) throw new AppearedMeanwhile(`partition ${other.name} was made again meanwhile, by somebody else`)
  const ownership = tableOwnership(concerned)
  if (!mayDiscard(ownership, step.allowed)) {
    throw new NotOursAnyMore(whyNotOurs(ownership, 'the target', concerned), [step.statement])
  }
  const loaded = concerned.find((row) => row.txnType !== 'REPLICATION' && seen.get(row.id) !== versionOf(row))
  if (loaded) throw new AppearedMeanwhile(`partition ${loaded.name} was loaded into meanwhile, by somebody else`)
}

async function partitionsOf({ pair }: PlanningSession, name: ObjectName) {
  try {
    return await listPartitions(pair.target.cluster, name.database, name.name, { signal: pair.signal })
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

async function createPartitions(
  session: PlanningSession,
  name: ObjectName,
  step: Extract<Step, { kind: 'create-partitions' }>,
): Promise<void> {
  const { target, signal } = session.pair
  const ids = await targetIds(session, name)
  const leader = await target.cluster.leader()
  const unique = `${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 8)}`
  await createPartitionsByLoad(
    { host: leader.host, port: leader.rpcPort },
    { user: target.handle.user, password: target.handle.password, database: name.database, table: name.name },
    {
      label: `starferry_partition_${ids.id}_${unique}`,
      databaseId: ids.databaseId,
      tableId: ids.id,
      values: step.values.map((value) => [value]),
    },
    { signal },
  )
}

async function settle(
  { pair }: PlanningSession,
  name: ObjectName,
  what: 'COLUMN' | 'ROLLUP' | 'OPTIMIZE',
): Promise<void> {
  const { target, signal } = pair
  const until = Date.now() + SETTLE_MS
  for (;;) {
    const jobs = await listAlterJobs(target.cluster, name.database, what, { table: name.name, signal })
    const running = jobs.find(isAlterRunning)
    if (!running) return
    if (Date.now() > until) {
      throw new StillRunning(`${what.toLowerCase()} job ${running.id} of it is still ${running.state} on the target`)
    }
    await pause(LOOK_MS, signal)
    signal?.throwIfAborted()
  }
}
