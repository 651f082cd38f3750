import type { TablesPage, TablesPageInput } from '../contract/index.ts'
import { interactive } from './activities.ts'
import { badInput, checkSpec, refuseUnknownKeys } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** One page of a migration's tables, read from both clusters. */
export async function tables(input: TablesPageInput): Promise<TablesPage> {
  if (typeof input?.spec !== 'object') throw badInput('tables: give {"spec": …}')
  refuseUnknownKeys('tables', input, ['spec', 'running', 'parked', 'filter', 'after', 'limit'])
  refuseUnknownKeys('tables: filter', input.filter ?? {}, ['state', 'match'])
  const spec = checkSpec(input.spec)
  setSearchAttributes({ kind: 'tables', migration: spec.name })
  return interactive.describeTables({ ...input, spec })
}
