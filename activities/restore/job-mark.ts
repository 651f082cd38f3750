import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { JobPlace, SnapshotJob } from '../snapshot-jobs/index.ts'
import { snapshotJobs } from '../snapshot-jobs/index.ts'
import type { NotedPartition } from './restored-over.ts'

/** The last restore of a place before ours was sent: whatever comes after it can be ours. */
export interface JobMark {
  jobId: string
  label: string
  createTime: string
  over: boolean
  /** Of live tables that it goes over. */
  live?: NotedPartition[]
}

const isOver = (job: SnapshotJob) => job.state === 'FINISHED' || job.state === 'CANCELLED'

export async function markJob(cluster: StarRocksCluster, place: JobPlace): Promise<JobMark | null> {
  const job = await snapshotJobs(cluster).look('restore', place)
  return job ? { jobId: job.jobId, label: job.label, createTime: job.createTime, over: isOver(job) } : null
}

/** The same with what was noted of live tables; without a restore before it names none. */
export const withLive = (mark: JobMark | null, live: NotedPartition[] | undefined): JobMark | null =>
  live ? { ...(mark ?? { jobId: '', label: '', createTime: '', over: false }), live } : mark

/** Whether a row is the job that was there before. The id of one that had not ended may have changed since. */
export function isMarked(job: SnapshotJob, mark: JobMark | null): boolean {
  return (
    mark !== null &&
    job.label === mark.label &&
    job.createTime === mark.createTime &&
    (!mark.over || job.jobId === mark.jobId)
  )
}
