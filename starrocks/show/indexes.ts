import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

/** A materialized index: the base table, a rollup or a synchronous materialized view. */
export interface IndexSchema {
  id: bigint
  name: string
  schemaVersion: number
  /** Signed 32 bit. The only place where the real one is printed. */
  schemaHash: number
  shortKeyColumnCount: number
  storageType: string
  /** e.g. `DUP_KEYS(id, dt)` */
  keys: string
}

export interface IndexColumn {
  name: string
  type: string
  nullable: boolean
  key: boolean
  /** Null: no default, or NULL. */
  default: string | null
  /** Aggregation, and for columns of synchronous materialized views their expression. */
  extra: string
}

/** An index as one partition holds it. */
export interface PartitionIndex {
  id: bigint
  name: string
  /** Only NORMAL ones are copied; SHADOW ones belong to a running schema change. */
  state: string
}

/** PROC '/dbs/<db>/<table>/index_schema'. The base index comes first and is called like the table. */
export async function indexSchemas(
  cluster: Queryable,
  databaseId: bigint,
  tableId: bigint,
  options?: StatementOptions,
): Promise<IndexSchema[]> {
  const rows = await proc(cluster, ['dbs', databaseId, tableId, 'index_schema'], options)
  return rows.map((row) => ({
    id: row.bigint('IndexId'),
    name: row.required('IndexName'),
    schemaVersion: row.int('SchemaVersion'),
    schemaHash: row.int('SchemaHash'),
    shortKeyColumnCount: row.optionalInt('ShortKeyColumnCount') ?? 0,
    storageType: row.get('StorageType') ?? '',
    keys: row.get('Keys') ?? '',
  }))
}

/** PROC '…/index_schema/<index>'. */
export async function indexColumns(
  cluster: Queryable,
  databaseId: bigint,
  tableId: bigint,
  indexId: bigint,
  options?: StatementOptions,
): Promise<IndexColumn[]> {
  const rows = await proc(cluster, ['dbs', databaseId, tableId, 'index_schema', indexId], options)
  return rows.map((row) => ({
    name: row.required('Field'),
    type: row.required('Type'),
    nullable: row.flag('Null'),
    key: row.flag('Key'),
    default: row.get('Default'),
    extra: row.get('Extra') ?? '',
  }))
}

/** PROC '/dbs/<db>/<table>/partitions/<physical partition>': its indexes, sorted by id. */
export async function partitionIndexes(
  cluster: Queryable,
  databaseId: bigint,
  tableId: bigint,
  partitionId: bigint,
  options?: StatementOptions,
): Promise<PartitionIndex[]> {
  const rows = await proc(cluster, ['dbs', databaseId, tableId, 'partitions', partitionId], options)
  return rows.map((row) => ({
    id: row.bigint('IndexId'),
    name: row.required('IndexName'),
    state: row.required('State'),
  }))
}
