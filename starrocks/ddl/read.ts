import type { DdlObject } from './model.ts'
import { type ReadOptions, readTable } from './read-table.ts'
import { readMaterializedView, readView } from './read-view.ts'

/** Reads the text of any SHOW CREATE answer: table, view or asynchronous materialized view. Throws DdlReadError. */
export function readCreate(text: string, options: ReadOptions = {}): DdlObject {
  if (/^\s*CREATE\s+VIEW\b/i.test(text)) return readView(text)
  if (/^\s*CREATE\s+MATERIALIZED\s+VIEW\b/i.test(text)) return readMaterializedView(text)
  return readTable(text, options)
}

/** Exact defaults by column name from the rows of DESC (columns `Field` and `Default`). */
export function defaultsOfDesc(
  rows: Iterable<Readonly<Record<string, string | null | undefined>>>,
): ReadonlyMap<string, string | null> {
  const defaults = new Map<string, string | null>()
  for (const row of rows) {
    if (typeof row.Field === 'string') defaults.set(row.Field, row.Default ?? null)
  }
  return defaults
}
