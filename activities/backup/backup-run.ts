import type { Context } from '@temporalio/activity'
import type { BackupCursor, JobProgress } from '../../contract/backup/backup-api.ts'
import type { BackupSpec } from '../../contract/backup/policy.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { backupLabel } from '../../planning/backup/label.ts'
import type { Dependencies } from '../dependencies.ts'
import type { Side } from '../metadata/pair.ts'
import { facts } from '../pollers/facts.ts'
import type { RepositoryObjects } from '../repository/repository-objects.ts'
import { type JobPlace, placeOf } from '../snapshot-jobs/index.ts'
import { openObjects } from './open-repository.ts'

/** An object that goes into no snapshot, and why. */
export interface LeftOut {
  object: string
  reason: string
}

/** One snapshot of a backup of one database. */
export interface RunBackupInput {
  spec: BackupSpec
  set: string
  /** Empty: external catalogs. */
  database: string
  kind: BackupRecord['kind']
  /** Id of the record that it is compared with. */
  baseline?: string
  /** Why there is to be no record. */
  recordless?: string
  /** Id of the last good one of the series, see BackupDecision. */
  previous?: string
  /** When its set was due, in milliseconds: what the days of partition filters are counted from. */
  dueAt: number
  /** The first run of the workflow: what its labels are made from. */
  runId: string
  startedAt: number
  /** Snapshots of this backup before this one. */
  part: number
  /** Of this snapshot, from 1; each has a label of its own. */
  attempt: number
  cursor: BackupCursor
  /** Found out by former attempts. */
  leftOut: LeftOut[]
  /** Workflow id of the set, to be told that the cluster has nothing more to do for this database. */
  tell?: string
}

/** What `runBackup` leaves behind. */
export interface RunBackupResult {
  /** Unset: there was nothing for a snapshot. */
  label?: string
  /** Nothing comes after it. */
  done: boolean
  after?: BackupCursor['after']
  /** See BackupCursor. */
  late: boolean
  /** Id of the record, with the last snapshot. */
  record?: string
  kind: BackupRecord['kind'] | 'nothing'
  /** Of this snapshot; with the last one, of the whole backup as the record tells it. */
  tables: number
  partitions: number
  /** In its own snapshots so far. */
  bytes?: number
  chain: number
  notIncluded: number
  /** The set has been told. */
  told?: boolean
  /** See BackupResult. */
  lacking?: string[]
  warnings: string[]
}

/** What the parts of one attempt share. */
export interface BackupRun {
  deps: Dependencies
  context: Context
  input: RunBackupInput
  side: Side
  place: JobPlace
  label: string
  /** Undefined when there is to be no record. */
  objects: RepositoryObjects | undefined
  /** Local time of the policy, for partition filters. */
  now: string
  report(progress: JobProgress): void
  signal: AbortSignal
}

export const labelOfAttempt = (
  input: Pick<RunBackupInput, 'spec' | 'database' | 'runId' | 'startedAt' | 'part'>,
  attempt: number,
) => {
  const { spec, database, runId, startedAt, part } = input
  return backupLabel({ prefix: spec.prefix, cluster: spec.cluster, database, runId, startedAt, part, attempt })
}

export async function openRun(
  deps: Dependencies,
  context: Context,
  input: RunBackupInput,
  report: (progress: JobProgress) => void,
): Promise<BackupRun> {
  const { spec, database } = input
  const handle = deps.cluster(spec.cluster)
  const { version, runMode } = await facts(handle.cluster).capabilities()
  return {
    deps,
    context,
    input,
    side: { name: spec.cluster, handle, cluster: handle.cluster, version, runMode },
    place: placeOf(database),
    label: labelOfAttempt(input, input.attempt),
    objects: input.recordless === undefined ? await openObjects(deps, spec.repository) : undefined,
    now: localTime(input.dueAt, timeZoneOf(spec)),
    report,
    signal: context.cancellationSignal,
  }
}

/** Partition days are counted in the policy's time zone; a backup without a schedule has none. */
export function timeZoneOf(spec: BackupSpec): string {
  return (spec as { schedule?: { timeZone?: string } }).schedule?.timeZone ?? 'UTC'
}

export const jitterMinutesOf = (spec: BackupSpec) =>
  (spec as { schedule?: { jitterMinutes?: number } }).schedule?.jitterMinutes ?? 0

export const isScheduled = (spec: BackupSpec) => 'schedule' in spec

/** `YYYY-MM-DD HH:MM:SS`. */
export function localTime(ms: number, timeZone: string): string {
  // Swedish writes times like that.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(ms)
}

/** What clocks show where the policy lives, as if it were UTC, in milliseconds. */
export const wallClockOf = (spec: BackupSpec) => (ms: number) =>
  Date.parse(`${localTime(ms, timeZoneOf(spec)).replace(' ', 'T')}Z`)
