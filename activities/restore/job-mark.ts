import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { JobPlace, SnapshotJob } from '../snapshot-jobs/index.ts'
import { snapshotJobs } from '../snapshot-jobs/index.ts'

/** The last restore of a place before ours was sent: whatever comes after it can be ours. */
export interface JobMark {
  jobId: string
  label: string
  createTime: string
  over: boolean
}

const isOver = (job: SnapshotJob) => job.state === 'FINISHED' || job.state === 'CANCELLED'

export async function markJob(cluster: StarRocksCluster, place: JobPlace): Promise<JobMark | null> {
  const job = await snapshotJobs(cluster).look('restore', place)
  return job ? { jobId: job.jobId, label: job.label, createTime: job.createTime, over: isOver(job) } : null
}

/** Whether a row is the job that was there before. The id of one that had not ended may have changed since. */
export function isMarked(job: SnapshotJob, mark: JobMark | null): boolean {
  return (
    mark !== null &&
    job.label === mark.label &&
    job.createTime === mark.createTime &&
    (!mark.over || job.jobId === mark.jobId)
  )
}
