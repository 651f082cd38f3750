/**
 * Tables that one migration replicates at once, whatever the target takes: each has a workflow, and with more than 2,000 of them Temporal refuses
 * every further command, for ever. What else a migration starts has to fit in as well.
 */
export const MOST_AT_ONCE = 1_000

/** Tables that may be replicated at once: what the target takes, capped by the spec. */
export function windowSize(specTables: number | undefined, targetSlots: number, most: number = MOST_AT_ONCE): number {
  return Math.max(1, Math.min(specTables ?? most, targetSlots, most))
}

/** How many tables a look should list: enough to keep the window full until the next look, few enough for one payload. */
export function lookLimit(window: number): number {
  return Math.min(Math.max(window * 4, 50), 400)
}

export interface LookPace {
  queued: number
  window: number
  secondsSinceLook: number
  /** spec.intervals.stale */
  interval: number
  /** The last look found more than it could list, or something changed that only a look can tell more about. */
  hurry: boolean
}

/**
 * Seconds until the next look. When there may be more to start, it comes as soon as the queue runs low; with a full
 * queue the clusters are left in peace.
 */
export function lookDelay({ queued, window, secondsSinceLook, interval, hurry }: LookPace): number {
  const wanted = queued >= window ? interval * 3 : hurry ? Math.min(1, interval) : interval
  return Math.max(0, Math.round((wanted - secondsSinceLook) * 10) / 10)
}
