import { parseDataSize } from '../data-size.ts'
import { quoteQualified } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

/** Who wrote a partition last. */
export type TxnType = 'NORMAL' | 'REPLICATION'

/** A physical partition. One name can have several rows: sub-partitions of random distribution. */
export interface PartitionRow {
  /** The physical id: what the replication request wants. */
  id: bigint
  name: string
  visibleVersion: bigint
  /** Shared-nothing: always the visible version. Shared-data: does not count compactions. Missing before 3.3.2. */
  dataVersion?: bigint
  /** Lineage of the data; about 60 bits. Missing before 3.3.2. */
  versionEpoch?: bigint
  txnType?: TxnType
  state: string
  partitionKey: string
  /** Text of the range; exactly one of this and `listText` is there for partitioned tables. */
  rangeText?: string
  listText?: string
  /** Column names, comma-separated; `ALL KEY` for random distribution. */
  distributionKey: string
  buckets: number
  replicationNum?: number
  storageMedium?: string
  cooldownTime?: string
  /** Of one replica set. */
  dataSizeBytes: bigint
  rowCount: bigint
  /** In the frontend's own time zone: to show, not to compute with. */
  visibleVersionTime?: string
  /** Shared-data tables only. */
  compactVersion?: bigint
  nextVersion?: bigint
}

/** The partition that catches rows of automatically partitioned tables; never listed, except with a debug setting. */
export const shadowPartition = '$shadow_automatic_partition'

export interface ListPartitionsOptions extends StatementOptions {
  temporary?: boolean
}

/** SHOW [TEMPORARY] PARTITIONS FROM, all columns by name. Physical partitions of one name are sorted by id. Errors: `NotFound`. */
export async function listPartitions(
  cluster: Queryable,
  database: string,
  table: string,
  { temporary = false, ...options }: ListPartitionsOptions = {},
): Promise<PartitionRow[]> {
  const what = temporary ? 'TEMPORARY PARTITIONS' : 'PARTITIONS'
  const { rows } = await cluster.query(`SHOW ${what} FROM ${quoteQualified(database, table)}`, options)
  return readPartitions(rows)
}

export function readPartitions(rows: readonly Row[]): PartitionRow[] {
  const partitions = rows.map(readPartition).filter((partition) => partition.name !== shadowPartition)
  return inPhysicalOrder(partitions)
}

export function readPartition(row: Row): PartitionRow {
  const key = row.get('PartitionKey') ?? ''
  const partitioned = key !== '' || (row.get('Range') ?? row.get('List') ?? '') !== ''
  return {
    id: row.bigint('PartitionId'),
    name: row.required('PartitionName'),
    visibleVersion: row.bigint('VisibleVersion'),
    dataVersion: row.optionalBigint('DataVersion'),
    versionEpoch: row.optionalBigint('VersionEpoch'),
    txnType: readTxnType(row.get('VersionTxnType')),
    state: row.get('State') ?? '',
    partitionKey: key,
    rangeText: partitioned ? row.text('Range') : undefined,
    listText: partitioned ? row.text('List') : undefined,
    distributionKey: row.get('DistributionKey') ?? '',
    buckets: row.int('Buckets'),
    replicationNum: row.optionalInt('ReplicationNum'),
    storageMedium: row.text('StorageMedium'),
    cooldownTime: row.text('CooldownTime'),
    dataSizeBytes: parseDataSize(row.get('DataSize')) ?? 0n,
    rowCount: row.optionalBigint('RowCount') ?? 0n,
    visibleVersionTime: row.text('VisibleVersionTime'),
    compactVersion: row.optionalBigint('CompactVersion'),
    nextVersion: row.optionalBigint('NextVersion'),
  }
}

/** `TXN_REPLICATION` and `TXN_NORMAL`; documentation calls them REPLICATION and NORMAL, thrift 1 and 0. */
export function readTxnType(text: string | null): TxnType | undefined {
  if (text === null || text === '') return undefined
  return /REPLICATION$/i.test(text) || text === '1' ? 'REPLICATION' : 'NORMAL'
}

/** Rows of one name come in hash order; clusters match them by ascending id. The order of names stays. */
function inPhysicalOrder(partitions: PartitionRow[]): PartitionRow[] {
  const byName = new Map<string, PartitionRow[]>()
  for (const partition of partitions) {
    const same = byName.get(partition.name)
    if (same) same.push(partition)
    else byName.set(partition.name, [partition])
  }
  if (byName.size === partitions.length) return partitions
  return [...byName.values()].flatMap((same) => same.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)))
}
