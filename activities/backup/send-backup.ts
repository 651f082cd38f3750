import { own } from '../../planning/backup/changes.ts'
import { backupStatement } from '../../starrocks/backup/backup-statement.ts'
import { classifySubmission } from '../../starrocks/errors/job-failure.ts'
import { listPartitions, StarRocksError } from '../../starrocks/index.ts'
import { unreachable } from '../failures.ts'
import { pause } from '../heartbeat.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { describeJob, snapshotJobs, throwIfLeaving } from '../snapshot-jobs/index.ts'
import { abortedBackup, submissionFailure } from './backup-failures.ts'
import type { BackupRun, LeftOut } from './backup-run.ts'
import type { PlannedSnapshot } from './plan-snapshot.ts'

/** `sent`: the cluster has the job. `replan`: it refused, nothing was begun; without these objects, or with what is there now, it may take it. */
export type SendResult = { outcome: 'sent' } | { outcome: 'replan'; why: string; leaveOut: LeftOut[] }

/** Looks after a lost answer: the frontend may still be at it, since it lists the repository first. */
const LOOKS = 5
const LOOK_MS = 2_000

/**
 * Sends BACKUP. When no answer comes it looks whether the cluster has the job, and only if it has not, again and again, ends the attempt: the
 * next one looks once more, and sends the same label if it may. Throws what the refusal means.
 */
export async function sendBackup(run: BackupRun, { objects, part, record }: PlannedSnapshot): Promise<SendResult> {
  const { side, input, label } = run
  const { spec, database } = input
  if (!objects) throw new Error('there is nothing to send')
  const what = `backup of ${database || 'external catalogs'} on ${spec.cluster}`
  const statement = backupStatement(side.version, {
    ...(database === '' ? {} : { database }),
    label,
    repository: spec.repository,
    objects,
    timeoutSeconds: spec.timeout,
    ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }),
  })
  run.deps.metrics.count('backup_jobs_sent_total', { cluster: spec.cluster })
  try {
    // Not cancellable: whether it was sent must be known. Not behind what others read: this database's turn has come.
    await side.cluster.execute(statement, { timeoutMs: SEND_MS, urgent: true })
    return { outcome: 'sent' }
  } catch (error) {
    if (!(error instanceof StarRocksError)) throw error
    if (error.kind === 'OutcomeUnknown' || error.kind === 'Unreachable') {
      side.cluster.forgetLeader()
      if (await appears(run)) return { outcome: 'sent' }
      throw unreachable(`${what}: no answer to BACKUP, and the cluster shows no such job: ${error.message}`)
    }
    const failed = classifySubmission(error)
    if (failed.kind === 'busy' && (await isRunning(run))) return { outcome: 'sent' }
    if (failed.kind === 'new-label') throw abortedBackup(`${what}: label ${label} is taken already: ${failed.text}`)
    const [object] = failed.names
    if (failed.kind === 'unsupported' && object !== undefined && part.tables.some(({ name }) => name === object)) {
      return { outcome: 'replan', why: failed.text, leaveOut: [{ object, reason: failed.text }] }
    }
    if (failed.kind === 'unsupported' && /list partition/i.test(failed.text)) {
      const lists = part.tables.filter(({ name }) => own(record.tables, name)?.partitioning.includes('list'))
      if (lists.length === 0) throw submissionFailure(failed, what)
      return {
        outcome: 'replan',
        why: failed.text,
        leaveOut: lists.map(({ name }) => ({ object: name, reason: failed.text })),
      }
    }
    if (/temp(?:orary)? partitions/i.test(failed.text)) return waitForTemporary(run, part, failed.text)
    throw submissionFailure(failed, what)
  }
}

/** It lists the repository before it answers; a store with many snapshots takes its time. */
const SEND_MS = 300_000

async function isRunning({ side, place, label }: BackupRun): Promise<boolean> {
  return (await snapshotJobs(side.cluster).look('backup', place))?.label === label
}

async function appears(run: BackupRun): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    throwIfLeaving(run.context)
    try {
      if (await isRunning(run)) return true
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
    }
    run.report({
      label: run.label,
      database: run.input.database,
      state: '',
      waiting: 'no answer to BACKUP; looking whether the job exists',
    })
    await pause(LOOK_MS, run.signal)
  }
  return false
}

/** How long tables with temporary partitions are waited for, before the backup does without them: a part of what a stalled job is given. */
const PATIENCE = 2 / 3
const TEMPORARY_LOOK_MS = 3_000

/**
 * One table with temporary partitions is enough for the whole statement to be refused: an INSERT OVERWRITE that runs has some, and so has a
 * materialized view that is refreshed.
 */
async function waitForTemporary(run: BackupRun, part: PlannedSnapshot['part'], text: string): Promise<SendResult> {
  const { input, side } = run
  const until = performance.now() + input.spec.stallMinutes * 60_000 * PATIENCE
  let names = [...part.tables.map(({ name }) => name), ...part.materializedViews]
  for (;;) {
    throwIfLeaving(run.context)
    run.signal.throwIfAborted()
    const found = await mapConcurrently(names, 4, async (name) => {
      try {
        const options = { temporary: true, signal: run.signal }
        return (await listPartitions(side.cluster, input.database, name, options)).length > 0
      } catch (error) {
        if (error instanceof StarRocksError && error.kind === 'NotFound') return false
        throw error
      }
    })
    names = names.filter((_, i) => found[i])
    if (names.length === 0) {
      // They have gone, or come and go: to read all of it again at once would end in the same refusal.
      await pause(TEMPORARY_LOOK_MS, run.signal)
      return { outcome: 'replan', why: text, leaveOut: [] }
    }
    if (performance.now() >= until) {
      const reason = 'it has had temporary partitions all the time, with which StarRocks backs up no table'
      return { outcome: 'replan', why: text, leaveOut: names.map((object) => ({ object, reason })) }
    }
    run.report({
      label: run.label,
      database: input.database,
      state: '',
      waiting: `for the temporary partitions of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}`,
    })
    await pause(TEMPORARY_LOOK_MS, run.signal)
  }
}

/** Throws `Busy` that names the job which has the database; ours of this label does not count. */
export async function checkFree({ side, place, input, label }: BackupRun, busy: (why: string) => Error): Promise<void> {
  const job = await snapshotJobs(side.cluster).running(place)
  if (!job || (job.kind === 'backup' && job.label === label)) return
  throw busy(`${input.database || 'external catalogs'} on ${input.spec.cluster}: waits for ${describeJob(job)}`)
}
