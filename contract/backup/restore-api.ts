import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Finding } from '../findings.ts'
import type { JobProgress } from './backup-api.ts'
import type { RestoreSpec } from './restore-spec.ts'

/**
 * How something gets from where it was assembled to the name it is meant for.
 * rename: the name is free: RESTORE under another name in the live database, ALTER TABLE RENAME. swap: the name is taken: the same with ALTER TABLE SWAP.
 * rebackup, rebackup-swap: assembled in a scratch database, then backed up and restored once more beside the name, RENAME or SWAP.
 * overwrite-partitions: INSERT OVERWRITE from the scratch table. in-place: RESTORE over the live table. direct: RESTORE under the free name at once.
 * rename-database: the scratch database takes the name. leave: stays where it is.
 */
export type RestoreRoute =
  | 'direct'
  | 'rename'
  | 'swap'
  | 'rebackup-swap'
  | 'rebackup'
  | 'overwrite-partitions'
  | 'in-place'
  | 'rename-database'
  | 'leave'

export interface RestoreStep {
  /** For people: what is done, in a few words. */
  what: string
  statement?: string
  /** Of the live names: not readable or writable, or gone, while this step runs. */
  outage?: string
  /** Cannot be taken back. */
  final?: boolean
}

/** Input of workflow type `restorePlan`; a spec alone will do, too. */
export interface RestorePlanInput {
  spec: RestoreSpec
  /** Of the page before. */
  next?: number
}

/** What a restore would do; answered by workflow type `restorePlan`. Statements of large plans come page by page. */
export interface RestorePlan {
  backup: { id: string; finishedAt: string; cluster: string; database: string; kind: string }
  /** Snapshots in the order in which they are applied. */
  chain: string[]
  routes: { object: string; route: RestoreRoute; why: string; outage: string }[]
  steps: RestoreStep[]
  next?: number
  tables: number
  partitions: number
  bytes?: number
  findings: Finding[]
  notRestored: { object: string; reason: string }[]
}

export interface RestoreStatus {
  name: string
  cluster: string
  repository: string
  state:
    | 'checking'
    | 'restoring'
    | 'verifying'
    | 'ready'
    | 'publishing'
    | 'undoing'
    | 'cleaning'
    | 'finished'
    | 'failed'
    | 'cancelled'
  /** The backup, once it is known. */
  backup?: string
  step: string
  stepsDone: number
  stepsTotal: number
  waiting?: string
  /** Where the restored tables are now, and in which state the live ones are: one sentence each. */
  where: string[]
  warnings: string[]
  /** Undone or not: what a failure left behind. */
  left: string[]
}

export interface RestoreResult {
  ok: boolean
  backup: string
  tables: number
  partitions: number
  rowsChecked: string
  published: boolean
  where: string[]
  warnings: string[]
  seconds: number
}

export const restoreStatusQuery = defineQuery<RestoreStatus>('status')
/** Give what has been restored aside the live names. Only in state `ready`. */
export const publishUpdate = defineUpdate<RestoreStatus, []>('publish')
/** Remove what has been restored aside. Only before it is published. */
export const discardUpdate = defineUpdate<RestoreStatus, []>('discard')
export const cancelRestoreSignal = defineSignal('cancel')

export type RestoreJobProgress = JobProgress
