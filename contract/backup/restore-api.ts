import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import { z } from 'zod'
import type { Finding } from '../findings.ts'
import type { JobProgress } from './backup-api.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'use 1 to 63 letters, digits, dots, dashes, underscores, starting with a letter or digit',
  )

/** What `restore run` starts: the JSON input of workflow type `restore`. */
export const restoreSpecSchema = z.strictObject({
  name,
  cluster: z.string().min(1).describe('Where to restore to'),
  repository: z.string().min(1),
  from: z
    .strictObject({
      label: z.string().optional().describe('A backup by its id, or any snapshot of the repository by its label'),
      asOf: z
        .string()
        .optional()
        .describe('The newest backup that was finished by then and holds all that is asked for: ISO time'),
      cluster: z
        .string()
        .optional()
        .describe('Whose backups; unset: of the only cluster that has any of this database'),
      database: z.string().optional().describe('Of which database; unset only with a label'),
      policy: z.string().optional(),
    })
    .refine((from) => !(from.label && from.asOf), { message: 'give a label or a time, not both' })
    .describe('Neither label nor time: the newest that holds all that is asked for'),
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('Names or globs; empty together with all others: the whole database'),
  partitions: z
    .record(z.string(), z.array(z.string().min(1)).min(1))
    .default({})
    .describe('table: its partitions to restore'),
  materializedViews: z.array(z.string().min(1)).default([]),
  views: z.array(z.string().min(1)).default([]),
  functions: z.array(z.string().min(1)).default([]),
  catalogs: z.array(z.string().min(1)).default([]),
  rename: z
    .strictObject({
      database: z.string().min(1).optional(),
      tables: z.record(z.string(), z.string().min(1)).default({}),
      catalogs: z.record(z.string(), z.string().min(1)).default({}),
    })
    .prefault({}),
  mode: z
    .enum(['aside', 'in-place'])
    .default('aside')
    .describe(
      'aside: beside what exists and beside names that are free, live data are untouched until it is published; in-place: over it, or at once under a free name, asking nobody, which cannot be undone from COMMIT on',
    ),
  publish: z
    .enum(['ask', 'auto', 'never'])
    .default('ask')
    .describe(
      'What has been restored aside takes the live name: when somebody says so, once it has been verified, or not at all',
    ),
  replaced: z
    .enum(['keep', 'drop'])
    .default('keep')
    .describe('What becomes of the table or database that was replaced'),
  replicationNumber: z
    .int()
    .positive()
    .optional()
    .describe('Of new tables; unset: what was recorded, as far as there are live backends'),
  timeout: z.int().min(600).default(86_400),
  attempts: z.int().positive().default(4),
  stallMinutes: z.number().positive().default(15),
  verify: z
    .enum(['counts', 'off'])
    .default('counts')
    .describe('Compare rows with those counted at backup time; what cannot be counted is told'),
  ignore: z.array(z.string()).default([]),
})
export type RestoreSpecInput = z.input<typeof restoreSpecSchema>
export type RestoreSpec = z.output<typeof restoreSpecSchema>

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
