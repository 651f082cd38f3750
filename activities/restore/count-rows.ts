import { quoteName, quoteQualified, quoteString, StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

/** Partitions counted by one statement. */
const BATCH = 50
const TIMEOUT_MS = 600_000

/** Rows by partition, counted exactly; undefined where no backend answers, which is told as a warning. */
export async function countRows(
  context: RestoreContext,
  database: string,
  table: string,
  partitions: readonly string[],
  partitioned: boolean,
): Promise<Map<string, string> | undefined> {
  const { cluster, signal } = context
  const counted = new Map<string, string>()
  for (let from = 0; from < partitions.length; from += BATCH) {
    const statement = partitions
      .slice(from, from + BATCH)
      .map((name) => {
        const part = partitioned ? ` PARTITION (${quoteName(name)})` : ''
        return `SELECT ${quoteString(name)} AS p, COUNT(*) AS n FROM ${quoteQualified(database, table)}${part}`
      })
      .join(' UNION ALL ')
    try {
      const { rows } = await cluster.query(statement, { signal, timeoutMs: TIMEOUT_MS })
      for (const row of rows) counted.set(row.required('p'), row.required('n'))
    } catch (error) {
      if (error instanceof StarRocksError && (error.kind === 'BackendCannotAnswer' || error.kind === 'Denied')) {
        context.warn(`Rows of ${database}.${table} could not be counted: ${error.message}`)
        return undefined
      }
      throw error
    }
  }
  return counted
}
