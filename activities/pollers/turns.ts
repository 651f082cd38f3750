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

/** Databases of a cluster that are read at once to plan their backups: StarRocks ends many jobs in the same moment, and their successors all want to begin. */
const PLANNED_AT_ONCE = 3

const planning = new WeakMap<StarRocksCluster, Turns>()

/** Of a cluster; all backups of this process share them. */
export function planningTurns(cluster: StarRocksCluster): Turns {
  const turns = planning.get(cluster) ?? new Turns(PLANNED_AT_ONCE)
  planning.set(cluster, turns)
  return turns
}
