import type { MigrationSpec } from '../contract/migration-spec.ts'
import { globOf } from './glob.ts'

/** Characters of a spec as JSON that every table's workflow may carry. */
const LONG = 4096

/** Thousands of workflows carry the spec; a long one is cut down to what one table needs. It selects this table, and no other. */
export function specForTable(spec: MigrationSpec, table: string): MigrationSpec {
  if (JSON.stringify(spec).length <= LONG) return spec
  const only = globOf(table)
  if (only === undefined) return spec
  const renamed = spec.rename.tables[table]
  const tables: Record<string, string> = renamed === undefined ? {} : { [table]: renamed }
  return { ...spec, include: [only], exclude: [], rename: { ...spec.rename, tables }, ignore: [] }
}
