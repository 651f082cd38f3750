import type { StarRocksCluster } from '../../starrocks/index.ts'

const tails = new WeakMap<StarRocksCluster, Promise<unknown>>()

/**
 * Runs what scans data of a cluster, one after the other, however many backups and restores want to count: queries of the cluster's users come first.
 * Whoever goes away while waiting keeps nobody waiting. Errors: those of `work`; the signal's reason.
 */
export async function inCountingLane<T>(
  cluster: StarRocksCluster,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const before = tails.get(cluster) ?? Promise.resolve()
  const mine = before.then(() => {
    signal?.throwIfAborted()
    return work()
  })
  tails.set(
    cluster,
    mine.catch(() => undefined),
  )
  if (!signal) return mine
  signal.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    mine.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
