import type { LabReplicationJob } from '../model.ts'
import type { LabCell, LabResult, LabSqlContext } from '../sql/context.ts'
import { byName, timeText } from './format.ts'

const order = (job: LabReplicationJob): number => (job.state === 'ABORTED' ? 1 : job.state === 'COMMITTED' ? 2 : 0)

/** `Progress` counts the tasks left up to 3.5, the tasks done from 4.1. Only jobs that copy have it. */
const progress = (context: LabSqlContext, job: LabReplicationJob): string => {
  if (job.state !== 'SNAPSHOTING' && job.state !== 'REPLICATING') return ''
  const done = context.profile.atLeast('4.1') ? job.finishedTasks : job.totalTasks - job.finishedTasks
  return `${done}/${job.totalTasks}`
}

const cellsOf = (context: LabSqlContext, job: LabReplicationJob): LabCell[] =>
  byName(context, 'replications', [
    {
      JobID: job.jobId,
      DatabaseID: String(job.databaseId),
      TableID: String(job.tableId),
      TxnID: String(job.txnId),
      CreatedTime: timeText(context, job.createdMs),
      FinishedTime: job.finishedMs === undefined ? null : timeText(context, job.finishedMs),
      State: job.state,
      Progress: progress(context, job),
      Error: job.error,
    },
  ]).rows[0] ?? []

/** How jobs read that have ended: nothing of them changes any more, and every second all of them are asked for. */
const ended = new WeakMap<LabReplicationJob, { state: string; finishedMs?: number; cells: LabCell[] }>()

const shown = (context: LabSqlContext, job: LabReplicationJob): LabCell[] => {
  const { state, finishedMs } = job
  if (order(job) === 0) return cellsOf(context, job)
  const known = ended.get(job)
  if (known && known.state === state && known.finishedMs === finishedMs) return known.cells
  const cells = cellsOf(context, job)
  ended.set(job, { state, finishedMs, cells })
  return cells
}

/** PROC '/replications': running jobs, then aborted, then committed ones, each by creation. */
export const showReplications = (context: LabSqlContext): LabResult => ({
  ...byName(context, 'replications', []),
  rows: context.state.replicationJobs
    .toSorted((a, b) => order(a) - order(b) || a.createdMs - b.createdMs)
    .map((job) => shown(context, job)),
})
