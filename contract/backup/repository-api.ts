import { z } from 'zod'
import type { Finding } from '../findings.ts'
import { retentionSchema } from './policy.ts'

const text = z.string().min(1)
const repository = text.describe("The name of a repository in the worker's starferry.yaml")
const cluster = text.describe("The name of a cluster in the worker's starferry.yaml")

/** Input of workflow type `repositories`: the repositories of a cluster beside the configuration. */
export const repositoriesInputSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('list'), cluster }),
  z.strictObject({
    op: z.literal('create'),
    cluster,
    repository,
    readOnly: z.boolean().optional(),
    timeoutSeconds: z
      .number()
      .positive()
      .max(3_600)
      .optional()
      .describe('How long CREATE REPOSITORY may take; 120 unless given'),
    ignore: z.array(text).optional().describe('Codes of findings to go on in spite of'),
  }),
  z
    .strictObject({ op: z.literal('check'), cluster, repository })
    .describe('A tiny backup and restore on the cluster, and a read from the worker'),
  z.strictObject({ op: z.literal('drop'), cluster, repository }).describe('Only the mapping: what is stored stays'),
])
export type RepositoriesInput = z.input<typeof repositoriesInputSchema>

export interface RepositoryRow {
  name: string
  location: string
  readOnly: boolean
  createdAt: string
  /** What the cluster says is wrong; empty when nothing is. */
  error: string
  /** Against the worker's configuration. */
  configured: 'same' | 'other location' | 'not configured' | 'not on the cluster'
  /** From the worker. */
  reachable?: 'yes' | string
}

export interface RepositoriesAnswer {
  /** What was asked for was done: no finding is fatal. */
  ok: boolean
  rows: RepositoryRow[]
  findings: Finding[]
  /** With secrets masked. */
  statement?: string
}

/** Input of workflow type `backups`: what a repository holds, newest first. */
export const backupsInputSchema = z.strictObject({
  repository,
  cluster: cluster.optional(),
  /** Empty: external catalogs. */
  database: z.string().optional(),
  policy: text.optional(),
  id: text.optional().describe('One backup in full, by id or label'),
  all: z.boolean().optional().describe('Snapshots that starferry did not make, or that are incomplete, too'),
  after: text.optional(),
  limit: z.int().positive().optional(),
})
export type BackupsInput = z.input<typeof backupsInputSchema>

export interface BackupRow {
  id: string
  /**
   * complete, damaged, being deleted; of snapshots without a record of starferry: being written, leftover, incomplete, damaged, foreign.
   */
  state: string
  cluster?: string
  database?: string
  policy?: string
  kind?: string
  baseline?: string
  /** ISO. */
  finishedAt?: string
  timestamp?: string
  /** All that restoring it needs. */
  labels: string[]
  tables?: number
  partitions?: number
  bytes?: number
  chain?: number
  /** Whether everything that restoring it needs is there. */
  whole?: boolean
  verified?: string
  /** Of a part of the database only. */
  partial?: boolean
  /** What it should have, and an earlier one has: it is no good backup of these. Bounded. */
  lacking?: string[]
  problem?: string
}

export interface BackupsPage {
  rows: BackupRow[]
  next?: string
  totals: { backups: number; bytes: number }
  /** What kept the list from being complete. */
  notes?: string[]
  /** Of the one asked for, bounded: partitions with version and the snapshot that holds them. */
  objects?: {
    name: string
    kind: string
    partitions: { name: string; version: string; label: string; rows?: string }[]
    more: number
  }[]
  /** Of the one asked for: what is not in it, objects of the database first. */
  notIncluded?: { object: string; reason: string }[]
}

/** Input of workflow type `verifyBackups`. */
export const verifyInputSchema = z.strictObject({
  repository,
  cluster: cluster.optional(),
  database: z.string().optional(),
  policy: text.optional(),
  ids: z.array(text).max(1_000).optional(),
  deep: z.boolean().optional().describe('Read every object; a sample otherwise'),
  manifestOnly: z.boolean().optional().describe('Only the manifest and the names of what it lists; no object is read'),
})
export type VerifyInput = z.input<typeof verifyInputSchema>

export interface VerifyResult {
  ok: boolean
  backups: number
  objects: number
  bytes: number
  seconds: number
  /** Bounded. `label` is empty where it is the record that cannot be read. */
  problems: { id: string; label: string; object?: string; problem: string }[]
  more: number
  /** Backups that can be restored to, and those that cannot. */
  whole: number
  broken: string[]
}

/** What a lease in the repository says: its holder works with these snapshots, so nobody deletes them. */
export interface RepositoryLease {
  /** A workflow's id. */
  holder: string
  /** Of the workflow; another Temporal may have one of the same id. */
  runId?: string
  /** For people: what it does. */
  why: string
  labels: string[]
  /** Ids of the records that are read. */
  records?: string[]
  /** Where they are restored to: the repository stays known there as long. */
  cluster?: string
}

/** Kinds of leases: `read` protects what it names; of `write` a repository has one, `retention`, so that one at a time deletes. */
export type LeaseKind = 'read' | 'write'

/** Written by verification, beside the record, which never changes. */
export interface Verification {
  /** ISO, by the store's clock. */
  at: string
  mode: 'manifest' | 'sample' | 'deep'
  ok: boolean
  /** `label` is empty where it is the record that cannot be read. */
  problems: { label: string; object?: string; problem: string }[]
  objects: number
  bytes: number
}

/** Input of workflow type `prune`. */
export const pruneInputSchema = z.strictObject({
  repository,
  cluster: cluster.optional(),
  policy: text.optional(),
  retention: retentionSchema,
  timeZone: text.optional().describe('IANA name, of the days that the rules count; UTC unless given'),
  leftovers: z.boolean().optional().describe('Also what failed or interrupted backups, restores and checks left'),
  confirmed: z
    .union([z.literal('all'), z.array(text).max(10_000)])
    .optional()
    .describe('Ids of the plan that was shown; unset: only plan'),
})
export type PruneInput = z.input<typeof pruneInputSchema>
/** Checked, defaults filled in. */
export type PruneOrder = z.output<typeof pruneInputSchema>

export interface PrunePlan {
  delete: { id: string; labels: string[]; database: string; finishedAt: string; bytes?: number; why: string }[]
  keep: { id: string; database: string; finishedAt: string; why: string }[]
  leftovers: { label: string; why: string }[]
  /** Left alone because it is being written or read, or because that cannot be told. */
  untouched: { label: string; why: string }[]
  /** Why retention waits with something that it would delete, and what to do about it. */
  waits?: string[]
  more: number
}

export interface PruneResult extends PrunePlan {
  deleted: number
  bytes: number
  failures: { label: string; reason: string }[]
  notes?: string[]
}
