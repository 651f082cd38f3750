import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface ResourceGroup {
  name: string
  id: string
  /** Limits under the names that this version prints: `cpu_core_limit`, `cpu_weight`, `cpu_weight_percent`, `mem_limit` … */
  limits: Record<string, string>
  /** As printed: `(id=1, weight=1.0, user=alice)`. */
  classifiers: string[]
}

/** SHOW RESOURCE GROUPS ALL: one group for each name, whose rows are its classifiers. They are in no backup. */
export async function listResourceGroups(cluster: Queryable, options?: StatementOptions): Promise<ResourceGroup[]> {
  const { rows } = await cluster.query('SHOW RESOURCE GROUPS ALL', options)
  return readResourceGroups(rows)
}

export function readResourceGroups(rows: readonly Row[]): ResourceGroup[] {
  const groups = new Map<string, ResourceGroup>()
  for (const row of rows) {
    const name = row.required('name')
    const group = groups.get(name) ?? { name, id: row.get('id') ?? '', limits: limits(row), classifiers: [] }
    const classifiers = row.get('classifiers')
    if (classifiers) group.classifiers.push(classifiers)
    groups.set(name, group)
  }
  return [...groups.values()]
}

function limits(row: Row): Record<string, string> {
  const apart = new Set(['name', 'id', 'classifiers'])
  return Object.fromEntries(
    Object.entries(row.toObject()).flatMap(([key, value]) => (apart.has(key) || value === null ? [] : [[key, value]])),
  )
}
