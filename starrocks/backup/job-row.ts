import type { Row } from '../row.ts'
import {
  type JobStatus,
  readJobStatus,
  readProgress,
  readTaskErrors,
  readUnfinishedTasks,
  type TaskError,
  type TaskProgress,
  type UnfinishedTask,
} from './job-columns.ts'

export interface JobRow<State extends string> {
  /** −1 before the job's first step, and for external catalogs. Changes when a job begins again after a restart of the frontend. */
  jobId: string
  label: string
  /** The database's name when the job was sent: ALTER DATABASE RENAME does not change it. Empty for external catalogs. */
  database: string
  state: State | (string & {})
  /** Times as printed: in the session's time zone, in 4.1 always +08:00. To show, not to compute with. */
  createTime: string
  snapshotFinishedTime?: string
  finishedTime?: string
  unfinishedTasks: UnfinishedTask[]
  /** Only of tasks that run. */
  progress: TaskProgress[]
  taskErrors: TaskError[]
  status: JobStatus
  timeoutSeconds?: number
}

/** What SHOW BACKUP and SHOW RESTORE have in common. */
export function readJobRow<State extends string>(row: Row, labelColumn: string): JobRow<State> {
  return {
    jobId: row.get('JobId') ?? '-1',
    label: row.required(labelColumn),
    database: row.get('DbName') ?? '',
    state: row.required('State').toUpperCase(),
    createTime: row.get('CreateTime') ?? '',
    snapshotFinishedTime: filled(row, 'SnapshotFinishedTime'),
    finishedTime: filled(row, 'FinishedTime'),
    unfinishedTasks: readUnfinishedTasks(row.get('UnfinishedTasks') ?? ''),
    progress: readProgress(row.get('Progress') ?? ''),
    taskErrors: readTaskErrors(row.get('TaskErrMsg') ?? ''),
    status: readJobStatus(row.get('Status') ?? ''),
    timeoutSeconds: row.optionalInt('Timeout'),
  }
}

/** The cell, unless it is empty. */
export function filled(row: Row, column: string): string | undefined {
  return row.get(column) || undefined
}

/** Whether the job has ended, well or not. */
export function isJobOver(job: { state: string }): boolean {
  return job.state === 'FINISHED' || job.state === 'CANCELLED'
}
