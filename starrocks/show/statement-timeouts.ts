import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

const NAMES = new Set(['query_timeout', 'insert_timeout'])

/**
 * Session variables that give a statement so many seconds. Where `insert_timeout` exists (3.4) it is what counts for INSERT; before, an INSERT is a query like
 * others.
 */
export async function statementTimeouts(
  cluster: Queryable,
  seconds: number,
  options?: StatementOptions,
): Promise<Record<string, number>> {
  const { rows } = await cluster.query("SHOW VARIABLES LIKE '%_timeout'", options)
  const names = rows.map((row) => row.required('Variable_name').toLowerCase()).filter((name) => NAMES.has(name))
  return Object.fromEntries(names.map((name) => [name, seconds]))
}
