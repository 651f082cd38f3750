import type { StoredColumn } from '../data/index.ts'
import type { LabColumn, LabReplicationJob, LabRow, LabTable, LabValue } from '../model.ts'
import type { BackendAddress } from './request.ts'

/** What one partition of a job is to become; ids are looked up again at every step, as things may vanish meanwhile. */
export interface PartitionWork {
  partitionId: bigint
  partitionName: string
  /** The target's data version when the request was taken; another one at commit is a mismatch. */
  targetVersion: bigint
  sourceVersion: bigint
  /** 0 when the client sent none: the target keeps its own. */
  sourceVersionEpoch: bigint
  sourcePartitionId: bigint
  tablets: TabletWork[]
}

export interface TabletWork {
  indexId: bigint
  sourceSchemaHash: number
  tabletId: bigint
  sourceTabletId: bigint
  /** Replicas of the target tablet, each with the source replicas that it tries in order. Lake tablets have one without an id. */
  replicas: { id: bigint; sources: BackendAddress[] }[]
  /** Set when a snapshot was taken. */
  snapshot?: TabletSnapshot
  /** Target replicas that copied it. */
  copied: Set<bigint>
}

/** Rows of a source tablet at exactly the version asked for, and how they came about since the target's version. */
export interface TabletSnapshot {
  columns: LabColumn[]
  /** Those that the tablet's backend has heard of, as it knows them. */
  heard?: StoredColumn[]
  /** Rows of base tablets; rollup tablets have none of their own. */
  rows: LabValue[][]
  /** Set when the source still knows what happened since the target's version: then only that is copied. */
  increment?: { added: LabRow[]; ended: LabRow[] }
  extraBytes: number
}

export interface RunningJob {
  record: LabReplicationJob
  databaseName: string
  /** The target table; by identity, so that a table made anew under the same name is another one. */
  table: LabTable
  sourceToken: string
  lake: boolean
  sourceServiceId: string
  partitions: PartitionWork[]
  replicaCount: number
  dataSize: bigint
  bytes: number
  label: string
  /** When the transaction began and when the present state was entered, in milliseconds of replication's own clock. */
  begunMs: number
  enteredMs: number
  /** Publish is due then, when COMMITTED. */
  publishMs?: number
}

/** A request that was taken, kept so that a test can find work sent twice. */
export interface SentJob {
  jobId: string
  databaseId: bigint
  databaseName: string
  tableId: bigint
  tableName: string
  atMs: number
  partitions: {
    partitionId: bigint
    partitionName: string
    sourceVersion: bigint
    sourceVersionEpoch: bigint
    targetVersion: bigint
  }[]
}
