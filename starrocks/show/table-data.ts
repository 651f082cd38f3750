import { parseDataSize } from '../data-size.ts'
import { quoteQualified } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface IndexData {
  index: string
  /** Of all replicas together. */
  sizeBytes: bigint
  replicaCount: number
  rowCount: bigint
}

/** SHOW DATA FROM db.t: size by index. The last row, the total, is left out. */
export async function tableData(
  cluster: Queryable,
  database: string,
  table: string,
  options?: StatementOptions,
): Promise<IndexData[]> {
  const { rows } = await cluster.query(`SHOW DATA FROM ${quoteQualified(database, table)}`, options)
  return rows
    .filter((row) => row.get('IndexName') !== 'Total')
    .map((row) => ({
      index: row.get('IndexName') ?? '',
      sizeBytes: parseDataSize(row.get('Size')) ?? 0n,
      replicaCount: row.optionalInt('ReplicaCount') ?? 0,
      rowCount: row.optionalBigint('RowCount') ?? 0n,
    }))
}
