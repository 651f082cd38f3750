import type { LabDatabase, LabSnapshotJob, LabState } from '../model.ts'
import type { SnapshotHooks } from './hooks.ts'
import type { RepositoryFiles } from './repository-files.ts'
import type { JobClock } from './task-group.ts'

/** Where a table of a former database went, for materialized views that are restored after their base tables. */
export type RestoredPlaces = Map<string, { database: string; name: string }>

/** What jobs work with. */
export interface JobTools {
  state: LabState
  clock: JobClock
  hooks: SnapshotHooks
  /** How long tasks of one state take together, in milliseconds of the clock. */
  taskMs: number
  restoredPlaces: RestoredPlaces
  /** @throws Error when the repository was dropped */
  files(repository: string): RepositoryFiles
}

/** A job that the daemon looks at every round. */
export interface JobRunner {
  readonly job: LabSnapshotJob
  /** Whether the daemon stumbled over it: it never gets to the jobs behind it. */
  readonly trips: boolean
  step(): Promise<void>
  cancel(): void
  /** The frontend that led the job is gone. */
  interrupt(): void
  /** A frontend leads the job again: the same one, or another. */
  resume(same: boolean): void
}

export const databaseById = (state: LabState, id: bigint): LabDatabase | undefined => {
  for (const database of state.databases.values()) if (database.id === id) return database
  return undefined
}

export const isFinished = (job: LabSnapshotJob): boolean => job.state === 'FINISHED' || job.state === 'CANCELLED'
