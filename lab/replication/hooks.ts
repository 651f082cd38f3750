import type { LabNode } from '../model.ts'
import type { RunningJob, TabletWork } from './job.ts'

/** What faults may do to replication; each answer "no" in a healthy cluster. */
export interface ReplicationHooks {
  /** Text of a refusal instead of taking the request. */
  refuse(): string | undefined
  /** A job that was taken disappears without a trace. */
  loses(job: RunningJob): boolean
  /** Reason for which the job aborts now. */
  aborts(job: RunningJob): string | undefined
  frozen(job: RunningJob): boolean
  snapshotFails(job: RunningJob, tablet: TabletWork): boolean
  copyFails(job: RunningJob, tablet: TabletWork, replica: number): boolean
  /** How many times as long a job takes. */
  slowness(job: RunningJob): number
  /** More milliseconds between COMMITTED and visible. */
  publishDelayMs(job: RunningJob): number
  /** A job entered a state. */
  entered(job: RunningJob): void
  /** A node of this cluster does not answer. */
  unreachable(node: LabNode): boolean
}

export const noHooks: ReplicationHooks = {
  refuse: () => undefined,
  loses: () => false,
  aborts: () => undefined,
  frozen: () => false,
  snapshotFails: () => false,
  copyFails: () => false,
  slowness: () => 1,
  publishDelayMs: () => 0,
  entered: () => undefined,
  unreachable: () => false,
}
