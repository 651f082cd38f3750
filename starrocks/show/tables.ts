import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

/** The engine of a table as PROC '/dbs/<id>' prints it (Table.TableType); others exist for external tables. */
export type TableType =
  | 'OLAP'
  | 'CLOUD_NATIVE'
  | 'MATERIALIZED_VIEW'
  | 'CLOUD_NATIVE_MATERIALIZED_VIEW'
  | 'VIEW'
  | 'OLAP_EXTERNAL'
  | 'MYSQL'
  | 'JDBC'
  | 'HIVE'
  | 'ICEBERG'
  | 'HUDI'
  | 'ELASTICSEARCH'
  | 'FILE'
  | 'BROKER'
  | 'SCHEMA'
  | (string & {})

export interface Table {
  id: bigint
  name: string
  type: TableType
  /** NORMAL, SCHEMA_CHANGE, ROLLUP, RESTORE, OPTIMIZE, …; empty for what has no state. */
  state: string
  indexCount: number
  /** Logical partitions. */
  partitionCount: number
  replicaCount: number
  /** UNPARTITIONED, RANGE, LIST, EXPR_RANGE, EXPR_RANGE_V2; empty for what has none. */
  partitionType: string
  partitionColumns: string
}

/** Everything in a database, one row each: SHOW PROC '/dbs/<id>'. Errors: `NotFound` when the database is gone. */
export async function listTables(cluster: Queryable, databaseId: bigint, options?: StatementOptions): Promise<Table[]> {
  const rows = await proc(cluster, ['dbs', databaseId], options)
  return rows.map((row) => ({
    id: row.bigint('TableId'),
    name: row.required('TableName'),
    type: row.get('Type') ?? '',
    state: row.get('State') ?? '',
    // External objects have “-” or nothing where there is nothing to count.
    indexCount: count(row.get('IndexNum')),
    partitionCount: count(row.get('PartitionNum')),
    replicaCount: count(row.get('ReplicaCount')),
    partitionType: row.get('PartitionType') ?? '',
    partitionColumns: row.get('PartitionColumnName') ?? '',
  }))
}

/** Whether the rows of such a table live in StarRocks' own tablets and can be replicated. */
export function isNativeTable(type: TableType): boolean {
  return type === 'OLAP' || type === 'CLOUD_NATIVE'
}

export function isMaterializedView(type: TableType): boolean {
  return type === 'MATERIALIZED_VIEW' || type === 'CLOUD_NATIVE_MATERIALIZED_VIEW'
}

function count(text: string | null): number {
  const number = Number(text ?? 0)
  return Number.isFinite(number) ? number : 0
}
