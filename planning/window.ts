/** Tables that may be replicated at once: what the target takes, capped by the spec. */
export function windowSize(specTables: number | undefined, targetSlots: number): number {
  return Math.max(1, Math.min(specTables ?? Number.POSITIVE_INFINITY, targetSlots))
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
