import { busy } from '../failures.ts'

/** A tenth of a worker's activity slots is kept free of steps, which can last for days: for looks, control, definitions and what people ask. */
const RESERVE = 0.1
const LEAST_RESERVE = 2
const AGAIN_MS = 10_000

/** How many steps of tables may run at once in a process with so many activity slots. */
export function mostSteps(slots: number): number {
  return Math.max(1, slots - Math.max(LEAST_RESERVE, Math.ceil(slots * RESERVE)))
}

/**
 * Counts the running steps of a process. A step that would take one of the reserved slots waits – as a step waits for anything else, with its reason –
 * instead of keeping a stop, a look or an alignment from being made until some job ends.
 */
export class StepSlots {
  readonly #slots: number | undefined
  #running = 0

  constructor(slots: number | undefined) {
    this.#slots = slots
  }

  /** Throws `Busy` when there is no room. */
  async run<T>(step: () => Promise<T>): Promise<T> {
    if (this.#slots !== undefined && this.#running >= mostSteps(this.#slots)) {
      throw busy(
        `this worker has ${this.#running} tables under way, and keeps the rest of its ${this.#slots} activities (worker.activities) for what must not wait`,
        AGAIN_MS,
      )
    }
    this.#running++
    try {
      return await step()
    } finally {
      this.#running--
    }
  }
}
