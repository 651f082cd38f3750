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
  /** complete, being written, leftover, damaged, foreign (no record of starferry). */
  state: string
  cluster?: string
  database?: string
  policy?: string
  kind?: string
  baseline?: string
  /** ISO. */
  finishedAt?: string
  timestamp?: string
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

/** Input of workflow type `prune`. */
export interface PruneInput {
  repository: string
  cluster?: string
  policy?: string
  retention: Retention
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
