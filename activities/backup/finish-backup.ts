import { snapshotsDoneSignal } from '../../contract/backup/backup-api.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { countPartitions } from '../../planning/backup/record.ts'
import { StorageError } from '../../repository/index.ts'
import { abortedBackup } from './backup-failures.ts'
import { announce, type Intent } from './backup-intent.ts'
import type { BackupRun, RunBackupResult } from './backup-run.ts'
import type { Followed } from './follow-backup.ts'
import type { PlannedSnapshot } from './plan-snapshot.ts'
import { lookAgain } from './second-look.ts'
import { settle } from './settle-snapshot.ts'

const MOST_LACKING = 20

/** The snapshot is there: what it holds is written down. */
export async function finish(run: BackupRun, intent: Intent, followed: Followed): Promise<RunBackupResult> {
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
  // From here on nothing calls for another job, save that somebody deletes the snapshot: the next database need not wait for the record.
  const telling = tellSet(run)
  warnings.push(...(await writeRecord(run, record)))
  return { ...next, ...summary(record), record: record.id, kind: input.kind, warnings, told: await telling }
}

/** A former attempt wrote the record, and only its answer was lost. */
export async function recorded(run: BackupRun, record: BackupRecord): Promise<RunBackupResult> {
  const warnings = await writeRecord(run, record)
  const label = record.own > 0 ? { label: run.label } : {}
  return {
    ...label,
    done: true,
    late: false,
    ...summary(record),
    record: record.id,
    kind: run.input.kind,
    warnings,
  }
}

/** Nothing has changed: the record says so, and points to where everything is. */
export async function nothingToSend(run: BackupRun, planned: PlannedSnapshot): Promise<RunBackupResult> {
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
    warnings.push(...(await writeRecord(run, finished)))
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

/**
 * The record stands before its intents go. Written first, looked at second: retention may have taken the snapshot of a backup that nobody went on with for
 * very long for what a failed one left. Answers warnings.
 */
async function writeRecord({ objects, input }: BackupRun, record: BackupRecord): Promise<string[]> {
  if (!objects) return []
  const own = new Set(record.own === 0 ? [] : record.labels.slice(-record.own).map(({ label }) => label))
  const isNew = await objects.putRecord(record)
  const doomed = isNew ? await objects.deleting() : new Map<string, string[]>()
  if ([...doomed.values()].flat().some((label) => own.has(label))) {
    await objects.withdrawRecord(record.id)
    throw abortedBackup(`snapshot ${record.id} is being deleted as something that a failed backup left`)
  }
  try {
    await objects.removeIntents(new Set([...input.cursor.labels, record.id]))
    return []
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    // The backup stands, and with its record nobody takes it for one that is being made.
    return [
      `What announced snapshot ${record.id} could not be removed from the repository: ${error.message}. The backup is complete; whoever writes backups needs the right to delete objects, too`,
    ]
  }
}

/** Whether the set knows that this database needs no slot any more. What it does not learn from here, the workflow tells it. */
async function tellSet({ deps, input }: BackupRun): Promise<boolean> {
  if (input.tell === undefined) return false
  try {
    await deps.client.workflow.getHandle(input.tell).signal(snapshotsDoneSignal, input.database)
    return true
  } catch {
    return false
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
