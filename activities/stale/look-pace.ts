/** A look without the fast path is followed by a pause of so many times what it took. */
const PAUSES = 5

/** One look, as it was made. */
export interface PacedLook {
  startedAt: number
  endedAt: number
  /** Tables were read one by one. */
  slow: boolean
  /** It was made while nothing ran, and found nothing to start. */
  idle: boolean
}

/**
 * Keeps looks without the fast path apart: each takes a statement for every table, and must not become all that the frontends do for as long as
 * something is copied. How often a workflow asks for one does not matter then.
 */
export class LookPace {
  #last: PacedLook | undefined

  note(look: PacedLook): void {
    this.#last = look
  }

  /** Milliseconds to wait before the next look. None for one that decides what comes next: nothing runs, and something did at the last look. */
  before(now: number, nothingRuns: boolean): number {
    const last = this.#last
    if (!last?.slow || (nothingRuns && !last.idle)) return 0
    return Math.max(0, last.endedAt + (last.endedAt - last.startedAt) * PAUSES - now)
  }
}
