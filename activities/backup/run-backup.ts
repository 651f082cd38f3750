import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { BackupIntent, BackupRecord } from '../../contract/backup/record.ts'
import { largestTablet } from '../../planning/backup/largest-tablet.ts'
import { countPartitions } from '../../planning/backup/record.ts'
import { showSnapshots } from '../../starrocks/backup/show-snapshots.ts'
import { classifyJobEnd, classifyTaskErrors } from '../../starrocks/errors/job-failure.ts'
import type { Dependencies } from '../dependencies.ts'
import { busy, unreachable } from '../failures.ts'
import { beating, endingReason, pause } from '../heartbeat.ts'
import { arrivedIn } from '../repository/arrived.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import {
  cancelOurs,
  followJob,
  Leaving,
  leaderIdentity,
  type SnapshotJob,
  shouldStop,
  snapshotJobs,
  throwIfLeaving,
} from '../snapshot-jobs/index.ts'
import { abortedBackup, jobEndFailure, refusedBackup, staleBackup } from './backup-failures.ts'
import {
  type BackupRun,
  type LeftOut,
  labelOfAttempt,
  openRun,
  type RunBackupInput,
  type RunBackupResult,
} from './backup-run.ts'
import { type PlannedSnapshot, planNext } from './plan-snapshot.ts'
import { lookAgain, type SecondLook } from './second-look.ts'
import { checkFree, sendBackup } from './send-backup.ts'
import { settle } from './settle-snapshot.ts'

/** An intent with what this attempt, or another one, knows besides. */
type Intent = BackupIntent & {
  /** No further snapshot comes after it. */
  last: boolean
  late: boolean
  after?: PlannedSnapshot['part']['last']
  bytes: number
  /** Which frontend led when it was sent. */
  leader?: string
  warnings: string[]
}

const MOST_REPLANS = 50
const MOST_WARNINGS = 50
const MOST_LACKING = 20
const GONE_LOOK_MS = 2_000

/**
 * One snapshot: look, plan, send, follow, and write down what it holds. It is sent once: its label depends on nothing but the workflow's run, the part and
 * the attempt, so whoever runs this again – after a lost answer, in another worker – finds the job or the snapshot by it and goes on from there.
 */
export async function runBackup(deps: Dependencies, input: RunBackupInput): Promise<RunBackupResult> {
  const context = Context.current()
  return beating(async (report) => {
    const what = `backup of ${input.database || 'external catalogs'} on ${input.spec.cluster}`
    try {
      const run = await openRun(deps, context, input, report)
      await removeFailed(run)
      const found = await findOwn(run)
      if (found && 'record' in found) return bounded(await recorded(run, found.record))
      if (found) return bounded(await finish(run, found.intent, found.followed))
      const planned = await planAndSend(run)
      if ('done' in planned) return bounded(planned)
      return bounded(await followToEnd(run, planned))
    } catch (error) {
      throw backupFailure(error, what, context)
    }
  }, context.info.heartbeatDetails)
}

/** Each of ten thousand tables may have its warning; what goes through a workflow is bounded. */
function bounded(result: RunBackupResult): RunBackupResult {
  const { warnings } = result
  if (warnings.length <= MOST_WARNINGS) return result
  const more = warnings.length - MOST_WARNINGS + 1
  return { ...result, warnings: [...warnings.slice(0, MOST_WARNINGS - 1), `and ${more} more warnings`] }
}

/** Everything ends with a type that the workflow knows. */
function backupFailure(error: unknown, what: string, context: Context): unknown {
  if (error instanceof Leaving || endingReason(context) === 'leave') return unreachable(new Leaving().message, 100)
  const failure = repositoryFailure(error, what)
  if (failure instanceof ApplicationFailure || failure instanceof CancelledFailure) return failure
  return abortedBackup(`${what}: ${failure instanceof Error ? failure.message : String(failure)}`)
}

/** Plans until the cluster takes it; at most once it does. */
async function planAndSend(run: BackupRun): Promise<Intent | RunBackupResult> {
  const { input, objects, label } = run
  const leftOut: LeftOut[] = [...input.leftOut]
  for (let tries = 0; ; tries++) {
    await checkFree(run, (why) => busy(why, 5_000))
    if (shouldStop(run.context)) throw new CancelledFailure('the backup was cancelled')
    run.report({ label, database: input.database, state: '', waiting: 'reading what has changed' })
    const planned = await planNext(run, leftOut)
    if (
      !planned.objects &&
      leftOut.length > 0 &&
      input.cursor.labels.length === 0 &&
      planned.record.labels.length === 0
    ) {
      throw refusedBackup(`nothing of ${input.database} can be backed up: ${leftOut[0]?.object}: ${leftOut[0]?.reason}`)
    }
    planned.warnings.push(...leftOut.map(({ object, reason }) => `${object} is not in the backup: ${reason}`))
    if (!planned.objects) return await nothingToSend(run, planned)
    const intent = await announce(run, planned)
    throwIfLeaving(run.context)
    const sent = await sendBackup(run, planned)
    if (sent.outcome === 'sent') return intent
    if (objects) await objects.removeIntent(label)
    if (tries >= MOST_REPLANS) throw refusedBackup(sent.why)
    leftOut.push(...sent.leaveOut)
  }
}

/** Written before anything is sent, so that retention leaves alone what this builds on, and any worker can finish it. */
async function announce(run: BackupRun, planned: PlannedSnapshot): Promise<Intent> {
  const { input, objects, label, context, side } = run
  const { part, record, last, late, warnings } = planned
  const { workflowExecution } = context.info
  const leader = await leaderIdentity(side.cluster, 0)
  const intent: Intent = {
    label,
    workflowId: workflowExecution?.workflowId ?? '',
    runId: workflowExecution?.runId ?? '',
    record,
    last,
    late,
    ...(part.last ? { after: part.last } : {}),
    bytes: part.bytes,
    ...(leader === undefined ? {} : { leader }),
    warnings,
  }
  if (!objects) return intent
  const doomed = await objects.putIntent(intent)
  if (doomed.length === 0) return intent
  await objects.removeIntent(label)
  throw staleBackup(`${input.baseline}, to compare with, is being deleted`, { decide: true })
}

type Found = { intent: Intent; followed: Followed } | { record: BackupRecord }

/** What became of this label in an attempt before, if it was sent: it is followed to its end here. */
async function findOwn(run: BackupRun): Promise<Found | undefined> {
  const { side, place, label, objects, signal } = run
  const intent = objects ? ((await objects.intent(label, { signal })) as Intent | undefined) : undefined
  const again = run.context.info.attempt > 1 || intent !== undefined
  if (objects && again) {
    const record = await objects.record(label, { signal })
    if (record) return { record }
  }
  const job = await snapshotJobs(side.cluster).look('backup', place)
  if (job?.label === label) {
    if (job.state === 'CANCELLED') throw cancelledFailure(run, job, false)
    const known = intent ?? (await rebuilt(run))
    if (job.state === 'FINISHED') return { intent: known, followed: { leaderChanged: await leaderMoved(run, known) } }
    run.deps.metrics.count('backup_jobs_adopted_total', { cluster: run.input.spec.cluster })
    return { intent: known, followed: await follow(run, known) }
  }
  if (!again) return undefined
  // Another job took its place, or it was never sent.
  const state = await stateInRepository(run)
  if (state === 'missing') return undefined
  if (state === 'complete') {
    const known = intent ?? (await rebuilt(run))
    return { intent: known, followed: { leaderChanged: await leaderMoved(run, known) } }
  }
  throw abortedBackup(`snapshot ${label} was begun and not finished, and its job is no more`)
}

async function leaderMoved({ side }: BackupRun, { leader }: Intent): Promise<boolean> {
  return leader !== undefined && (await leaderIdentity(side.cluster, 0)) !== leader
}

/** Without the storage nothing is written down: what was planned is planned once more, only to be told. */
async function rebuilt(run: BackupRun): Promise<Intent> {
  // What is in the snapshot follows from what was seen when it was sent, and nobody knows that any more.
  if (run.objects) throw abortedBackup(`what was noted of snapshot ${run.label} before it was sent is gone`)
  const { part, record, last, late, warnings } = await planNext(run, run.input.leftOut)
  return {
    label: run.label,
    workflowId: '',
    runId: '',
    record,
    last,
    late,
    ...(part.last ? { after: part.last } : {}),
    bytes: part.bytes,
    warnings,
  }
}

/** Of this label: whether a manifest is there, or anything at all. */
async function stateInRepository({
  objects,
  side,
  input,
  label,
  signal,
}: BackupRun): Promise<'complete' | 'begun' | 'missing'> {
  if (objects) {
    const { state } = await objects.repository.lookAt(label, { signal })
    return state === 'complete' ? 'complete' : state === 'missing' ? 'missing' : 'begun'
  }
  const [found] = await showSnapshots(side.cluster, input.spec.repository, [label], { signal })
  return found?.status.kind === 'ok' ? 'complete' : 'missing'
}

async function followToEnd(run: BackupRun, intent: Intent): Promise<RunBackupResult> {
  return finish(run, intent, await follow(run, intent))
}

interface Followed {
  leaderChanged: boolean
  look?: SecondLook
}

/** Follows the job until its snapshot is in the repository. Throws when it never will be. */
async function follow(run: BackupRun, intent: Intent): Promise<Followed> {
  const { side, place, label, context, input } = run
  let looking: Promise<SecondLook> | undefined
  const mine = (job: SnapshotJob) => job.kind === 'backup' && job.label === label
  let leaderChanged = false
  for (;;) {
    const end = await followJob({
      cluster: side.cluster,
      context,
      kind: 'backup',
      place,
      mine,
      stallMs: input.spec.stallMinutes * 60_000,
      largestTablet: largestTablet(partitionsAt(intent.record)),
      ...(run.objects ? { arrived: () => arrivedIn(run.objects?.repository, label, run.signal) } : {}),
      ...(intent.leader === undefined ? {} : { leader: intent.leader }),
      bytes: intent.bytes,
      report: run.report,
      seen: (job) => {
        if (run.objects && job.state !== 'PENDING' && job.state !== 'SNAPSHOTING')
          looking ??= handled(lookAgain(run, intent.record))
        const worst = classifyTaskErrors(job.taskErrors)
        if (worst?.kind === 'unsupported') throw new Hopeless(`${worst.text}. ${worst.remedy}`)
      },
    }).catch((error: unknown) => {
      if (error instanceof Hopeless) return error
      throw error
    })
    if (end instanceof Hopeless) {
      await cancelOurs(side.cluster, 'backup', place, mine)
      throw refusedBackup(`snapshot ${label} can never be finished: ${end.message}`)
    }
    leaderChanged ||= end.leaderChanged
    const done = async () => ({ leaderChanged, look: await looking })
    switch (end.end) {
      case 'finished':
        return done()
      case 'cancelled':
        throw cancelledFailure(run, end.job, true)
      case 'stopped':
        await cancelOurs(side.cluster, 'backup', place, mine)
        throw new CancelledFailure(`backup ${label} was cancelled`)
      case 'stalled': {
        const { outcome } = await cancelOurs(side.cluster, 'backup', place, mine)
        if (outcome === 'finished') return done()
        if (outcome === 'cancelled')
          throw abortedBackup(`${end.why}; it was cancelled, and is begun again under a new label`)
        if ((await untilSettled(run)) === 'complete') return done()
        throw abortedBackup(`${end.why}; it is gone`)
      }
      case 'gone': {
        const settled = await untilSettled(run)
        if (settled === 'complete') return done()
        if (settled === 'again') continue
        const by = end.by ? `; ${end.by.kind} ${end.by.label} took its place` : ''
        throw abortedBackup(`the cluster knows job ${label} no more${by}, and its snapshot is not in the repository`)
      }
    }
  }
}

/** Of its last snapshot. */
function partitionsAt({ tables, labels }: BackupRecord) {
  const at = labels.length - 1
  return Object.values(tables).flatMap(({ partitions }) => Object.values(partitions).filter((one) => one.at === at))
}

class Hopeless extends Error {}

/** Awaited later; until then a failure is not unhandled. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function cancelledFailure(run: BackupRun, job: SnapshotJob, followed: boolean): Error {
  const failed = classifyJobEnd(job)
  const what = `snapshot ${run.label}`
  if (!failed) return abortedBackup(`${what} was cancelled`)
  // Found cancelled, it may have been an attempt of ours before this one that did it.
  return jobEndFailure(failed, what, followed)
}

/**
 * The row is gone: the repository tells. A job that nobody may see any more – a grant was taken away – may still be at work, so it is
 * waited for as long as a job may stand still; one that another job replaced is over.
 */
async function untilSettled(run: BackupRun): Promise<'complete' | 'again' | 'lost'> {
  const { side, place, label, context, input } = run
  const until = performance.now() + input.spec.stallMinutes * 60_000
  for (;;) {
    throwIfLeaving(context)
    if (shouldStop(context)) throw new CancelledFailure(`backup ${label} was cancelled`)
    // First the row, then the repository: what ends in between is seen.
    const job = await snapshotJobs(side.cluster).look('backup', place)
    if (job?.label === label) return 'again'
    const other = job ?? (await snapshotJobs(side.cluster).look('restore', place))
    if ((await stateInRepository(run)) === 'complete') return 'complete'
    if (other || performance.now() >= until) return 'lost'
    run.report({
      label,
      database: input.database,
      state: '',
      waiting: 'the cluster shows the job no more; looking for the snapshot in the repository',
    })
    await pause(GONE_LOOK_MS, run.signal)
  }
}

/** The snapshot is there: what it holds is written down. */
async function finish(run: BackupRun, intent: Intent, followed: Followed): Promise<RunBackupResult> {
  const { objects, input, label } = run
  const { leaderChanged } = followed
  const look = objects ? (followed.look ?? (await lookAgain(run, intent.record))) : undefined
  const warnings = [...intent.warnings]
  const next = {
    label,
    done: intent.last,
    late: intent.late,
    ...(intent.after ? { after: intent.after } : {}),
  }
  if (!objects) {
    if (leaderChanged)
      warnings.push(`The leading frontend changed while ${label} was made: verify it before relying on it`)
    return { ...next, ...summary(intent.record), kind: input.kind, warnings }
  }
  run.report({ label, database: input.database, state: 'FINISHED', waiting: 'writing the record' })
  const record = await settle(run, intent, look, leaderChanged)
  if (record.movedMeanwhile.length > 0) {
    run.deps.metrics.count('backup_moved_partitions_total', {}, record.movedMeanwhile.length)
  }
  if (!intent.last) {
    await objects.putIntent({ ...intent, record } satisfies Intent)
    return { ...next, ...summary(record), kind: input.kind, warnings }
  }
  await writeRecord(run, record)
  return { ...next, ...summary(record), record: record.id, kind: input.kind, warnings }
}

/** A former attempt wrote the record, and only its answer was lost. */
async function recorded(run: BackupRun, record: BackupRecord): Promise<RunBackupResult> {
  await writeRecord(run, record)
  const label = record.own > 0 ? { label: run.label } : {}
  return {
    ...label,
    done: true,
    late: false,
    ...summary(record),
    record: record.id,
    kind: run.input.kind,
    warnings: [],
  }
}

/**
 * The record stands before its intents go. Written first, looked at second: retention may have taken the snapshot of a backup that nobody went on with for
 * very long for what a failed one left.
 */
async function writeRecord({ objects, input }: BackupRun, record: BackupRecord): Promise<void> {
  if (!objects) return
  const own = new Set(record.own === 0 ? [] : record.labels.slice(-record.own).map(({ label }) => label))
  const isNew = await objects.putRecord(record)
  const doomed = isNew ? await objects.deleting() : new Map<string, string[]>()
  if ([...doomed.values()].flat().some((label) => own.has(label))) {
    await objects.withdrawRecord(record.id)
    throw abortedBackup(`snapshot ${record.id} is being deleted as something that a failed backup left`)
  }
  for (const label of new Set([...input.cursor.labels, record.id])) await objects.removeIntent(label)
}

/** Nothing has changed: the record says so, and points to where everything is. */
async function nothingToSend(run: BackupRun, planned: PlannedSnapshot): Promise<RunBackupResult> {
  const { record, warnings } = planned
  const { input, objects, label, deps, signal } = run
  const nothing = record.labels.length === 0 && Object.keys(record.tables).length === 0
  const now = (await objects?.repository.store.now({ signal })) ?? new Date(deps.clock.now())
  const finished = {
    ...record,
    finishedAt: now.toISOString(),
    ...(record.own === 0 ? { id: label } : {}),
  }
  // A record of nothing would pass for the newest backup, and push out those that hold something.
  const write = objects !== undefined && !nothing
  if (nothing && input.previous !== undefined) {
    warnings.push(`There is nothing to back up of ${input.database}: backup ${input.previous} stays the newest one`)
  }
  // Announced like one with a snapshot: what it points to may be about to be deleted.
  if (write) {
    if (record.own === 0) await announce(run, { ...planned, record: finished })
    await writeRecord(run, finished)
  }
  return {
    done: true,
    late: false,
    ...summary(finished),
    ...(write ? { record: finished.id } : {}),
    kind: nothing ? 'nothing' : input.kind,
    warnings,
  }
}

function summary(record: BackupRecord) {
  const { tables, labels, notIncluded, bytes } = record
  const lacking = Object.keys(record.lacking ?? {}).slice(0, MOST_LACKING)
  return {
    ...(lacking.length > 0 ? { lacking } : {}),
    tables: Object.keys(tables).length,
    partitions: countPartitions(record),
    chain: labels.length,
    notIncluded: notIncluded.length,
    ...(bytes === undefined ? {} : { bytes }),
  }
}

/** What former attempts of this snapshot left in the repository; their jobs are over. */
async function removeFailed(run: BackupRun): Promise<void> {
  const { input, objects, side, place } = run
  if (!objects || input.attempt === 1) return
  const job = await snapshotJobs(side.cluster).look('backup', place)
  for (let attempt = 1; attempt < input.attempt; attempt++) {
    const label = labelOfAttempt(input, attempt)
    if (job?.label === label && job.state !== 'CANCELLED' && job.state !== 'FINISHED') continue
    await objects.repository.deleteSnapshot(label, { signal: run.signal })
    await objects.removeIntent(label)
  }
}
