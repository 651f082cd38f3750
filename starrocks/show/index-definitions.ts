import { quoteQualified } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

/** A secondary index of a table (bitmap, GIN, …). */
export interface IndexDefinition {
  name: string
  columns: string[]
  type: string
  comment: string
}

/** SHOW INDEX FROM db.t: one row a column. */
export async function listIndexes(
  cluster: Queryable,
  database: string,
  table: string,
  options?: StatementOptions,
): Promise<IndexDefinition[]> {
  const { rows } = await cluster.query(`SHOW INDEX FROM ${quoteQualified(database, table)}`, options)
  const byName = new Map<string, IndexDefinition>()
  for (const row of rows) {
    const name = row.required('Key_name')
    const index = byName.get(name) ?? {
      name,
      columns: [],
      type: row.get('Index_type') ?? '',
      comment: row.get('Comment') ?? '',
    }
    index.columns.push(row.get('Column_name') ?? '')
    byName.set(name, index)
  }
  return [...byName.values()]
}
