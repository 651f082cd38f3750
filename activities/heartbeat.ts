import { Context } from '@temporalio/activity'
import { manyListeners } from './metadata/many-listeners.ts'

const BEAT_MS = 2_000

/**
 * Runs work that heartbeats by itself, whatever it waits for; the SDK throttles what is too often. `report` sets what the heartbeat tells an
 * operator; it goes along with a failure, too. Nothing relies on these details alone: the last ones before a crash are often lost.
 * What is over before the first beat costs the server none.
 */
export async function beating<T>(
  work: (report: (details: unknown) => void) => Promise<T>,
  initial?: unknown,
): Promise<T> {
  const context = Context.current()
  manyListeners(context.cancellationSignal)
  // A beat without details would wipe out those of the attempt before.
  let details = initial
  let beats = false
  const beat = setInterval(() => {
    beats = true
    context.heartbeat(details)
  }, BEAT_MS)
  try {
    return await work((next) => {
      details = next
      if (beats) context.heartbeat(details)
    })
  } catch (error) {
    if (!beats && details !== undefined) context.heartbeat(details)
    throw error
  } finally {
    clearInterval(beat)
  }
}

/** Why an activity should end: `stop` was asked for by its workflow; `leave` means that this process or this attempt is over. */
export function endingReason(context: Context): 'stop' | 'leave' | undefined {
  if (!context.cancellationSignal.aborted) return undefined
  const details = context.cancellationDetails
  return details?.cancelRequested && !details.workerShutdown && !details.timedOut ? 'stop' : 'leave'
}

/** Waits; ends early, without an error, when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}
