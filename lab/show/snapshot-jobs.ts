import type { LabBackupJob, LabDatabase, LabRestoreJob, LabSnapshotJob } from '../model.ts'
import { type LabCell, type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { onObject } from '../sql/has-privilege.ts'
import { holds } from '../sql/privileges.ts'
import { catalogsId } from '../sql/run-backup.ts'
import { variableValue } from '../sql/variables.ts'
import { inHashOrder } from './partition-order.ts'
import { timeInZone } from './time-zone.ts'

const backupColumns = [
  ...['JobId', 'SnapshotName', 'DbName', 'State', 'BackupObjs', 'CreateTime', 'SnapshotFinishedTime'],
  ...['UploadFinishedTime', 'FinishedTime', 'UnfinishedTasks', 'Progress', 'TaskErrMsg', 'Status', 'Timeout'],
]

const restoreColumns = [
  ...['JobId', 'Label', 'Timestamp', 'DbName', 'State', 'AllowLoad', 'ReplicationNum', 'RestoreObjs', 'CreateTime'],
  ...[
    'MetaPreparedTime',
    'SnapshotFinishedTime',
    'DownloadFinishedTime',
    'FinishedTime',
    'UnfinishedTasks',
    'Progress',
  ],
  ...['TaskErrMsg', 'Status', 'Timeout'],
]

/** SHOW BACKUP: the last job of each database, as far as it is a backup; of one database, with that of the external catalogs. */
export const showBackup = (context: LabSqlContext, session: LabSession, database?: LabDatabase): LabResult => {
  const jobs = lastJobs(context, database).filter((job): job is LabBackupJob => job.kind === 'backup')
  // One job that the user may not see hides them all.
  const databases = new Map([...context.state.databases.values()].map((one) => [one.id, one]))
  const hidden = jobs.some((job) => !mayExport(session, job, databases.get(job.databaseId)))
  const time = timesOf(context, session)
  const rows = jobs.map((job) => [
    String(job.id),
    job.label,
    job.databaseName,
    job.state,
    job.objects,
    time(job.createdMs),
    time(job.snapshotFinishedMs),
    time(job.uploadFinishedMs),
    time(job.finishedMs),
    ...taskCells(job),
  ])
  return table(backupColumns, hidden ? [] : rows)
}

const mayExport = (session: LabSession, job: LabBackupJob, database: LabDatabase | undefined): boolean => {
  return job.names.every((name) => {
    const object = database?.objects.get(name)
    return !database || !object || holds(session, 'EXPORT', onObject(database, object))
  })
}

/** SHOW RESTORE. A frontend that does not lead knows no tasks, and only the states that were logged. */
export const showRestore = (
  context: LabSqlContext,
  session: LabSession,
  database: LabDatabase | undefined,
  follower: boolean,
): LabResult => {
  const jobs = lastJobs(context, database).filter((job): job is LabRestoreJob => job.kind === 'restore')
  const time = timesOf(context, session)
  const rows = jobs.map((job) => [
    String(job.id),
    job.label,
    job.timestamp,
    job.databaseName,
    follower ? loggedState(job.state) : job.state,
    String(job.allowLoad),
    String(job.replicationNum),
    job.objects,
    time(job.createdMs),
    time(job.metaPreparedMs),
    time(job.snapshotFinishedMs),
    time(job.downloadFinishedMs),
    time(job.finishedMs),
    ...(follower ? ['', '', ...taskCells(job).slice(2)] : taskCells(job)),
  ])
  return table(restoreColumns, rows)
}

const loggedState = (state: LabRestoreJob['state']): string => {
  if (state === 'SNAPSHOTING') return 'PENDING'
  if (state === 'DOWNLOADING') return 'DOWNLOAD'
  return state === 'COMMITTING' ? 'COMMIT' : state
}

/** In the order of a hash map of the databases' ids; external catalogs come last. */
const lastJobs = (context: LabSqlContext, database: LabDatabase | undefined): LabSnapshotJob[] => {
  const { databases, snapshotJobs } = context.state
  const asked = database ? [database] : inHashOrder([...databases.values()], (one) => one.id)
  const keep = Number(context.state.config.get('history_job_keep_max_second')?.value ?? 604_800) * 1000
  const forgotten = context.state.now() - keep
  return [...asked.map((one) => one.id), catalogsId]
    .flatMap((id) => snapshotJobs.get(id) ?? [])
    .filter((job) => (job.finishedMs ?? Number.POSITIVE_INFINITY) > forgotten)
}

const taskCells = (job: LabSnapshotJob): LabCell[] => [
  [...job.unfinished].map(([id, backend]) => `${id}=${backend}`).join(', '),
  [...job.progress].map(([id, { done, total }]) => `[${id}: ${done}/${total}]`).join(', '),
  [...job.errors].map(([id, text]) => `[${id}: ${text}]`).join(', '),
  job.status.code === 'OK' ? '[OK]' : `[${job.status.code}, msg: ${job.status.message}]`,
  String(Math.round(job.timeoutMs / 1000)),
]

/** Times stand in the session's zone, but not in 4.1. */
const timesOf = (context: LabSqlContext, session: LabSession): ((ms: number | undefined) => LabCell) => {
  const offset = context.profile.timeOffsetMinutes
  const zone = offset === 0 ? (variableValue(context, session, '', 'time_zone') ?? 'UTC') : undefined
  return (ms) =>
    ms === undefined ? null : zone === undefined ? timeInZone(ms + offset * 60_000, 'UTC') : timeInZone(ms, zone)
}
