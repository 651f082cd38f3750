import type { LabSnapshotJob } from '../model.ts'

/** What faults do to backups and restores. */
export interface SnapshotHooks {
  /** Text with which a submission is refused. */
  refuses(kind: LabSnapshotJob['kind'], databaseName: string): string | undefined
  /** Whether a job stays where it is at this look of the daemon. */
  stuck(job: LabSnapshotJob): boolean
  /** How many times longer the work of a state takes. */
  slowness(job: LabSnapshotJob): number
  /** Text with which a task of the present state fails: making a snapshot, an upload, a download, a move. */
  failsTask(job: LabSnapshotJob): string | undefined
  /** A tablet that is so large that it is uploaded in several files, with real time before each. */
  slowTablet(job: LabSnapshotJob): { files: number; everyMs: number } | undefined
  /** A job entered a state. */
  entered(job: LabSnapshotJob): void
  /** What becomes of the record of a job that finished. */
  recordOf(job: LabSnapshotJob): 'kept' | 'lost' | 'replaced'
  /** Whether the new leader uploads again what the old one had sent, at another version of the files. */
  leavesStaleObjects(job: LabSnapshotJob): boolean
}

export const noSnapshotHooks: SnapshotHooks = {
  refuses: () => undefined,
  stuck: () => false,
  slowness: () => 1,
  failsTask: () => undefined,
  slowTablet: () => undefined,
  entered: () => undefined,
  recordOf: () => 'kept',
  leavesStaleObjects: () => false,
}
