import { quoteQualified } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { IndexColumn } from './indexes.ts'
import type { Queryable } from './queryable.ts'

export interface IndexDescription {
  name: string
  /** DUP_KEYS, AGG_KEYS, UNIQUE_KEYS, PRIMARY_KEYS */
  keysType: string
  columns: IndexColumn[]
}

/** DESC db.t ALL: every index with its columns. The answer names an index only in its first row and separates them by empty ones. */
export async function describeAll(
  cluster: Queryable,
  database: string,
  table: string,
  options?: StatementOptions,
): Promise<IndexDescription[]> {
  const { rows } = await cluster.query(`DESC ${quoteQualified(database, table)} ALL`, options)
  const indexes: IndexDescription[] = []
  for (const row of rows) {
    const name = row.text('IndexName')
    if (name) indexes.push({ name, keysType: row.get('IndexKeysType') ?? '', columns: [] })
    const field = row.text('Field')
    if (!field) continue
    indexes.at(-1)?.columns.push({
      name: field,
      type: row.get('Type') ?? '',
      nullable: row.flag('Null'),
      key: row.flag('Key'),
      default: row.get('Default'),
      extra: row.get('Extra') ?? '',
    })
  }
  return indexes
}

export interface ColumnDefault {
  column: string
  /** Null: none, or NULL. */
  value: string | null
}

/** DESC db.t: what SHOW CREATE TABLE of 3.1 and 3.3 prints unescaped, here cell by cell. Answered by the frontend alone. */
export async function columnDefaults(
  cluster: Queryable,
  database: string,
  table: string,
  options?: StatementOptions,
): Promise<ColumnDefault[]> {
  const { rows } = await cluster.query(`DESC ${quoteQualified(database, table)}`, options)
  return rows.map((row) => ({ column: row.required('Field'), value: row.get('Default') }))
}
