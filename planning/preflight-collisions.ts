import type { Selection, TableName } from './selection.ts'

export interface Collision {
  target: TableName
  sources: TableName[]
}

/** Target names that more than one source object would get. Only the names that matter are kept, so a million tables are fine. */
export function findCollisions(selection: Selection, names: Iterable<TableName>): Collision[] {
  const taken = new Map<string, TableName>()
  const collisions = new Map<string, Collision>()
  for (const name of names) {
    if (!selection.includes(name.database, name.table)) continue
    const target = selection.target(name.database, name.table)
    const key = `${target.database}.${target.table}`
    const first = taken.get(key)
    if (!first) {
      taken.set(key, name)
      continue
    }
    const collision = collisions.get(key) ?? { target, sources: [first] }
    collision.sources.push(name)
    collisions.set(key, collision)
  }
  return [...collisions.values()]
}

/** Names of the list that differ from one another only in case, as groups. */
export function differOnlyInCase(names: Iterable<string>): string[][] {
  const groups = new Map<string, Set<string>>()
  for (const name of names) {
    const key = name.toLowerCase()
    const group = groups.get(key)
    if (group) group.add(name)
    else groups.set(key, new Set([name]))
  }
  return [...groups.values()].filter((group) => group.size > 1).map((group) => [...group])
}
