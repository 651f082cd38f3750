import type { LabReplicationJob } from '../model.ts'
import type { LabResult, LabSqlContext } from '../sql/context.ts'
import { byName, timeText } from './format.ts'

const order = (job: LabReplicationJob): number => (job.state === 'ABORTED' ? 1 : job.state === 'COMMITTED' ? 2 : 0)

/** `Progress` counts the tasks left up to 3.5, the tasks done from 4.1. Only jobs that copy have it. */
const progress = (context: LabSqlContext, job: LabReplicationJob): string => {
  if (job.state !== 'SNAPSHOTING' && job.state !== 'REPLICATING') return ''
  const done = context.profile.atLeast('4.1') ? job.finishedTasks : job.totalTasks - job.finishedTasks
  return `${done}/${job.totalTasks}`
}

/** PROC '/replications': running jobs, then aborted, then committed ones, each by creation. */
export const showReplications = (context: LabSqlContext): LabResult =>
  byName(
    context,
    'replications',
    context.state.replicationJobs
      .toSorted((a, b) => order(a) - order(b) || a.createdMs - b.createdMs)
      .map((job) => ({
        JobID: job.jobId,
        DatabaseID: String(job.databaseId),
        TableID: String(job.tableId),
        TxnID: String(job.txnId),
        CreatedTime: timeText(context, job.createdMs),
        FinishedTime: job.finishedMs === undefined ? null : timeText(context, job.finishedMs),
        State: job.state,
        Progress: progress(context, job),
        Error: job.error,
      })),
  )
