import type { TablesPage, TablesPageInput } from '../contract/migration-api.ts'
import { interactive } from './activities.ts'
import { badInput, checkSpec, refuseUnknownKeys } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

const KEYS = { spec: true, running: true, parked: true, filter: true, after: true, limit: true } as const

/** One page of a migration's tables, read from both clusters. */
export async function tables(input: TablesPageInput): Promise<TablesPage> {
  if (typeof input?.spec !== 'object') throw badInput('tables: give {"spec": …}')
  refuseUnknownKeys('tables', input, KEYS)
  refuseUnknownKeys('tables: filter', input.filter ?? {}, { state: true, match: true })
  const spec = checkSpec(input.spec)
  setSearchAttributes({ kind: 'tables', migration: spec.name })
  return interactive.describeTables({ ...input, spec })
}
