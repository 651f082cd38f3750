import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteQualified } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface CreateStatement {
  kind: 'table' | 'view' | 'materialized view'
  name: string
  /** The statement as printed, with all of its traps. */
  text: string
}

/**
 * SHOW CREATE TABLE, which answers for views and materialized views too; the columns tell which it is.
 * Errors: `NotFound`; `Denied` without any privilege on the object.
 */
export async function showCreate(
  cluster: Queryable,
  database: string,
  name: string,
  options?: StatementOptions,
): Promise<CreateStatement> {
  const { rows } = await cluster.query(`SHOW CREATE TABLE ${quoteQualified(database, name)}`, options)
  return readCreate(rows, `${database}.${name}`)
}

/** SHOW CREATE MATERIALIZED VIEW, which also knows the synchronous ones up to 3.1. Its row has more values than columns for those. */
export async function showCreateMaterializedView(
  cluster: Queryable,
  database: string,
  name: string,
  options?: StatementOptions,
): Promise<CreateStatement> {
  const { rows } = await cluster.query(`SHOW CREATE MATERIALIZED VIEW ${quoteQualified(database, name)}`, options)
  return readCreate(rows, `${database}.${name}`)
}

export function readCreate(rows: readonly Row[], what: string): CreateStatement {
  const row = rows[0]
  if (!row) {
    throw new StarRocksError({ kind: 'UnexpectedAnswer', detail: `SHOW CREATE TABLE ${what} answered without a row` })
  }
  if (row.has('Create Materialized View')) {
    return {
      kind: 'materialized view',
      name: row.required('Materialized View'),
      text: row.required('Create Materialized View'),
    }
  }
  if (row.has('Create View')) return { kind: 'view', name: row.required('View'), text: row.required('Create View') }
  return { kind: 'table', name: row.required('Table'), text: row.required('Create Table') }
}
