import type { SentJob } from '../../lab/replication/job.ts'
import type { BackupFigures } from './backup-act.ts'

/** The last line of `starferry demo --json`. */
export interface DemoResult {
  /** All rows are equal, everything was confirmed, nothing was sent twice. */
  ok: boolean
  tables: number
  partitions: number
  rowsCompared: number
  rowsDifferent: number
  /** `db.table` of those that differ, and why. */
  differing: { table: string; missing: number; surplus: number; reason?: string }[]
  jobsSent: number
  jobsSentTwice: number
  /** Times that an injected fault really struck, process deaths included. */
  faultsInjected: number
  writes: number
  /** Of the second act; absent where no S3 server was to be had, and of the first act alone. */
  backup?: BackupFigures
  /** From the start of the command to the end of what it shows. */
  seconds: number
  source: string
  target: string
  ui?: string
  /** Why it did not come to its end. */
  error?: string
}

/** Jobs that sent a version which the target already had when they were taken. Jobs that failed or were lost are sent again rightly. */
export function countSentTwice(sent: readonly SentJob[]): number {
  const seen = new Set<string>()
  let twice = 0
  for (const job of sent) {
    const needless = job.partitions.some(
      (partition) => seen.has(keyOf(job, partition)) && partition.targetVersion >= partition.sourceVersion,
    )
    if (needless) twice++
    for (const partition of job.partitions) seen.add(keyOf(job, partition))
  }
  return twice
}

const keyOf = (job: SentJob, partition: SentJob['partitions'][number]) =>
  [job.tableId, partition.partitionId, partition.sourceVersion, partition.sourceVersionEpoch].join('/')
