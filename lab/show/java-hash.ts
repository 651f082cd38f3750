/** java.lang.String.hashCode(). */
export const javaStringHash = (text: string): number => {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Order in which a java.util.HashMap with these texts as keys is walked. */
export const inStringHashOrder = <T>(items: readonly T[], key: (item: T) => string): T[] => {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const slot = (item: T): number => {
    const hash = javaStringHash(key(item))
    return ((hash ^ (hash >>> 16)) >>> 0) % capacity
  }
  return items
    .map((item, i) => ({ item, i, slot: slot(item) }))
    .sort((a, b) => a.slot - b.slot || a.i - b.i)
    .map(({ item }) => item)
}
