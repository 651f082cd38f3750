import type { StarRocksCluster } from '../../starrocks/index.ts'

interface WaitOptions {
  signal?: AbortSignal
  waiting?: () => void
}

/**
 * Lets so many work at once, in the order in which they came. Where many begin in the same moment and share what serves them, the first are then done
 * when all would still be half-way.
 */
export class Turns {
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(width: number) {
    this.#width = width
  }

  /** `waiting` is told when the turn does not come at once. Throws the signal's reason when it fires before. */
  async take<T>(work: () => Promise<T>, { signal, waiting }: WaitOptions = {}): Promise<T> {
    signal?.throwIfAborted()
    if (this.#taken < this.#width) this.#taken++
    else {
      waiting?.()
      await this.#turn(signal)
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#taken--
    }
  }

  /** Given by the one that ends. */
  #turn(signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(signal?.reason)
      }
      this.#waiting.push(go)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}

/** Turns of each cluster, so many of its own at once; all activities of this process share them. */
export function turnsOfClusters(width: number): (cluster: StarRocksCluster) => Turns {
  const known = new WeakMap<StarRocksCluster, Turns>()
  return (cluster) => {
    const turns = known.get(cluster) ?? new Turns(width)
    known.set(cluster, turns)
    return turns
  }
}
