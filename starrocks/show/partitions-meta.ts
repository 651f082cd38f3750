import { parseDataSize } from '../data-size.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName, quoteString } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import { readTxnType, shadowPartition, type TxnType } from './partitions.ts'
import type { Queryable } from './queryable.ts'

/** A physical partition as information_schema.partitions_meta tells it; temporary ones included. */
export interface PartitionMeta {
  database: string
  table: string
  name: string
  id: bigint
  visibleVersion: bigint
  /** As printed: to compare, not to compute with. */
  visibleVersionTime?: string
  dataVersion?: bigint
  versionEpoch?: bigint
  txnType?: TxnType
  temporary: boolean
  /** Logical number of buckets. */
  buckets: number
  dataSizeBytes: bigint
  rowCount: bigint
}

export interface PartitionsMetaOptions extends StatementOptions {
  /** Only these databases. */
  databases?: readonly string[]
  /** Set to false when the cluster may really hold no table at all. */
  expectRows?: boolean
}

const wanted = [
  'DB_NAME',
  'TABLE_NAME',
  'PARTITION_NAME',
  'PARTITION_ID',
  'VISIBLE_VERSION',
  'VISIBLE_VERSION_TIME',
  'DATA_VERSION',
  'VERSION_EPOCH',
  'VERSION_TXN_TYPE',
  'IS_TEMP',
  'BUCKETS',
  'DATA_SIZE',
  'ROW_COUNT',
]

/**
 * The versions of all partitions of the cluster with one statement, streamed. A backend computes it.
 *
 * Errors: `BackendCannotAnswer` when no backend can, and when the answer has no rows although there must be some: backends that are
 * only half there answer like that. `Unsupported` before 3.1. Then use `partitionsOfTables`.
 */
export async function* partitionsMeta(
  cluster: Queryable,
  { databases, expectRows = true, ...options }: PartitionsMetaOptions = {},
): AsyncGenerator<PartitionMeta> {
  const columns = await availableColumns(cluster, options)
  const where = databases ? ` WHERE DB_NAME IN (${databases.map(quoteString).join(', ') || quoteString('')})` : ''
  const sql = `SELECT ${columns.map(quoteName).join(', ')} FROM information_schema.partitions_meta${where}`
  let count = 0
  for await (const row of cluster.stream(sql, options)) {
    count++
    if (row.get('PARTITION_NAME') !== shadowPartition) yield readPartitionMeta(row)
  }
  if (count === 0 && expectRows && databases?.length !== 0) {
    throw new StarRocksError({
      kind: 'BackendCannotAnswer',
      detail: 'information_schema.partitions_meta answered without a row',
      remedy: 'The partitions are read table by table instead',
    })
  }
}

export function readPartitionMeta(row: Row): PartitionMeta {
  return {
    database: row.required('DB_NAME'),
    table: row.required('TABLE_NAME'),
    name: row.required('PARTITION_NAME'),
    id: row.bigint('PARTITION_ID'),
    visibleVersion: row.bigint('VISIBLE_VERSION'),
    visibleVersionTime: row.text('VISIBLE_VERSION_TIME'),
    dataVersion: row.optionalBigint('DATA_VERSION'),
    versionEpoch: row.optionalBigint('VERSION_EPOCH'),
    txnType: readTxnType(row.get('VERSION_TXN_TYPE')),
    temporary: row.flag('IS_TEMP'),
    buckets: row.optionalInt('BUCKETS') ?? 0,
    dataSizeBytes: parseDataSize(row.get('DATA_SIZE')) ?? 0n,
    rowCount: row.optionalBigint('ROW_COUNT') ?? 0n,
  }
}

/** Which of the columns this version has. DESC is answered by the frontend alone. */
export async function availableColumns(cluster: Queryable, options?: StatementOptions): Promise<string[]> {
  const { rows } = await cluster.query('DESC information_schema.partitions_meta', options).catch((error: unknown) => {
    if (error instanceof StarRocksError && error.kind === 'NotFound') {
      throw new StarRocksError({
        kind: 'Unsupported',
        detail: 'This version has no information_schema.partitions_meta',
      })
    }
    throw error
  })
  const present = new Set(rows.map((row) => (row.get('Field') ?? '').toUpperCase()))
  return wanted.filter((name) => present.has(name))
}
