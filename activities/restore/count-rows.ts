import type { CountedPart } from '../row-counts/index.ts'
import type { RestoreContext } from './restore-context.ts'

/** Rows by partition, counted exactly, of those that could be; the context's counter knows which could not, and why. Errors: only the signal's reason. */
export function countRows(
  { counter }: RestoreContext,
  database: string,
  table: string,
  parts: readonly CountedPart[],
  partitioned: boolean,
): Promise<Map<string, string>> {
  return counter.count({ database, table, parts, partitioned })
}
