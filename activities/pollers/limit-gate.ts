import type { StarRocksCluster } from '../../starrocks/index.ts'
import { type JobBoard, jobBoard } from './job-board.ts'

/** One that was let through has no job in the list before it has read its versions and tablets. */
const UNDER_WAY_MS = 5_000
/** A limit can be freed without any job of ours ending: after so long one tries in any case. */
const TRY_ANYWAY_MS = 15_000
/** With nothing running there is nothing to wait for the end of. */
const TRY_IDLE_MS = 2_000

/**
 * Before a job is prepared, which takes some ten statements: a cluster that just refused one for its limits would refuse the next as well. So
 * all tables wait together, on the one list of jobs that is read anyway, and for each job that ends one of them goes on.
 */
export class LimitGate {
  readonly #board: Pick<JobBoard, 'next'>
  /** Jobs that ran when the last one was refused; undefined while the gate is open. */
  #full: number | undefined
  #changedAt = 0
  /** When those were let through who have no job yet. */
  #admitted: number[] = []
  /** How many more are let in after one was taken; doubled each time, back to one when one is refused. */
  #step = 1

  constructor(board: Pick<JobBoard, 'next'>) {
    this.#board = board
  }

  /** The cluster refused a job because a limit is reached. */
  async close(databaseId: bigint): Promise<void> {
    this.#full = await this.#running(databaseId).catch(() => 0)
    this.#changedAt = performance.now()
    this.#admitted = []
    this.#step = 1
  }

  /** The cluster took a job: there is room for more than was thought. */
  widen(): void {
    if (this.#full === undefined) return
    this.#full += this.#step
    this.#step *= 2
  }

  /** Returns when it makes sense to try, or when `stop` says so. `waiting` is told each time that it does not yet. */
  async pass(databaseId: bigint, stop: () => boolean, waiting: () => void): Promise<void> {
    while (this.#full !== undefined && !stop()) {
      const running = await this.#running(databaseId)
      if (this.#admit(running)) return
      waiting()
    }
  }

  #admit(running: number): boolean {
    if (this.#full === undefined) return true
    const now = performance.now()
    this.#admitted = this.#admitted.filter((at) => now - at < UNDER_WAY_MS)
    // Far below what was refused: whatever the limit was, it is not reached any more.
    if (running < this.#full / 2) {
      this.#full = undefined
      return true
    }
    const overdue = now - this.#changedAt > (running === 0 ? TRY_IDLE_MS : TRY_ANYWAY_MS)
    if (running + this.#admitted.length >= this.#full && !overdue) return false
    this.#changedAt = now
    this.#admitted.push(now)
    return true
  }

  async #running(databaseId: bigint): Promise<number> {
    let running = 0
    for (const job of (await this.#board.next(databaseId)).all()) if (job.state === 'running') running++
    return running
  }
}

const gates = new WeakMap<StarRocksCluster, LimitGate>()

/** The one gate of a cluster. */
export function limitGate(cluster: StarRocksCluster): LimitGate {
  const gate = gates.get(cluster) ?? new LimitGate(jobBoard(cluster))
  gates.set(cluster, gate)
  return gate
}
