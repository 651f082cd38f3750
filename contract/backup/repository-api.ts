import type { Finding } from '../findings.ts'
import type { Retention } from './policy.ts'

/** Input of workflow type `repositories`: the repositories of a cluster beside the configuration. */
export type RepositoriesInput =
  | { op: 'list'; cluster: string }
  | { op: 'create'; cluster: string; repository: string; readOnly?: boolean; timeoutSeconds?: number }
  /** A tiny backup and restore from the cluster, and a read from here. */
  | { op: 'check'; cluster: string; repository: string }
  | { op: 'drop'; cluster: string; repository: string }

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
  rows: RepositoryRow[]
  findings: Finding[]
  /** With secrets masked. */
  statement?: string
}

/** Input of workflow type `backups`: what a repository holds, newest first. */
export interface BackupsInput {
  repository: string
  cluster?: string
  database?: string
  policy?: string
  /** One backup in full, by id or label. */
  id?: string
  /** Snapshots that starferry did not make, or that are incomplete, too. */
  all?: boolean
  after?: string
  limit?: number
}

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
  problem?: string
}

export interface BackupsPage {
  rows: BackupRow[]
  next?: string
  totals: { backups: number; bytes: number }
  /** Of the one asked for, bounded: partitions with version and the snapshot that holds them. */
  objects?: {
    name: string
    kind: string
    partitions: { name: string; version: string; label: string; rows?: string }[]
    more: number
  }[]
  notIncluded?: { object: string; reason: string }[]
}

/** Input of workflow type `verifyBackups`. */
export interface VerifyInput {
  repository: string
  cluster?: string
  database?: string
  policy?: string
  ids?: string[]
  deep?: boolean
  /** Only the manifest and the names of what it lists; no object is read. */
  manifestOnly?: boolean
}

export interface VerifyResult {
  ok: boolean
  backups: number
  objects: number
  bytes: number
  seconds: number
  /** Bounded. */
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
  /** For people: what it does. */
  why: string
  labels: string[]
  /** Ids of the records that are read. */
  records?: string[]
}

/** Kinds of leases: `read` protects what it names; of `write` a repository has one, `retention`, so that one at a time deletes. */
export type LeaseKind = 'read' | 'write'

/** Written by verification, beside the record, which never changes. */
export interface Verification {
  /** ISO, by the store's clock. */
  at: string
  mode: 'manifest' | 'sample' | 'deep'
  ok: boolean
  problems: { label: string; object?: string; problem: string }[]
  objects: number
  bytes: number
}

/** Input of workflow type `prune`. */
export interface PruneInput {
  repository: string
  cluster?: string
  policy?: string
  retention: Retention
  /** IANA name, of the days that the rules count; UTC unless given. */
  timeZone?: string
  /** Also what failed or interrupted backups left. */
  leftovers?: boolean
  /** Ids of the plan that was shown; unset: only plan. */
  confirmed?: 'all' | string[]
}

export interface PrunePlan {
  delete: { id: string; labels: string[]; database: string; finishedAt: string; bytes?: number; why: string }[]
  keep: { id: string; database: string; finishedAt: string; why: string }[]
  leftovers: { label: string; why: string }[]
  /** Left alone because it is being written or read, or because that cannot be told. */
  untouched: { label: string; why: string }[]
  more: number
}

export interface PruneResult extends PrunePlan {
  deleted: number
  bytes: number
  failures: { label: string; reason: string }[]
}
