import type { StarRocksCluster } from '../../starrocks/index.ts'

const tails = new WeakMap<StarRocksCluster, Map<string, Promise<unknown>>>()

/**
 * Runs acts on one object of a cluster one after the other. A table's workflow may find its copy unfinished while the metadata difference is still
 * making it; two makers at once would take each other's half-made table for a wrong one. Workers do not see each other: there the acts
 * themselves notice that something appeared meanwhile.
 */
export async function exclusive<T>(cluster: StarRocksCluster, object: string, act: () => Promise<T>): Promise<T> {
  const ofCluster = tails.get(cluster) ?? new Map<string, Promise<unknown>>()
  tails.set(cluster, ofCluster)
  const before = ofCluster.get(object)
  const mine = (async () => {
    await before?.catch(() => undefined)
    return act()
  })()
  ofCluster.set(object, mine)
  try {
    return await mine
  } finally {
    if (ofCluster.get(object) === mine) ofCluster.delete(object)
  }
}
