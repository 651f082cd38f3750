/**
 * Orders objects so that each comes after those it needs. Names that are not in the list count as present. What stands in a cycle keeps the given
 * order at the end: the target will say what is wrong with it.
 */
export function orderByDependencies<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  needsOf: (item: T) => Iterable<string>,
): T[] {
  const waiting = new Map<string, Set<string>>()
  const names = new Set(items.map(nameOf))
  for (const item of items) {
    const name = nameOf(item)
    waiting.set(name, new Set([...needsOf(item)].filter((need) => need !== name && names.has(need))))
  }
  const neededBy = new Map<string, string[]>()
  for (const [name, needs] of waiting) {
    for (const need of needs) neededBy.set(need, [...(neededBy.get(need) ?? []), name])
  }
  const places = new Map(items.map((item, place) => [nameOf(item), place]))
  const ready = items.map(nameOf).filter((name) => waiting.get(name)?.size === 0)
  const ordered: T[] = []
  const done = new Set<string>()
  for (let name = ready.shift(); name !== undefined; name = ready.shift()) {
    if (done.has(name)) continue
    done.add(name)
    const item = items[places.get(name) ?? -1]
    if (item !== undefined) ordered.push(item)
    for (const next of neededBy.get(name) ?? []) {
      const needs = waiting.get(next)
      needs?.delete(name)
      if (needs?.size === 0) ready.push(next)
    }
  }
  return [...ordered, ...items.filter((item) => !done.has(nameOf(item)))]
}
