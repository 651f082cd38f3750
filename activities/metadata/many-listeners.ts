import { setMaxListeners } from 'node:events'

/** The signal, without Node's warning about a leak: dozens of statements listen to one activity's signal at once. */
export function manyListeners(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal)
  return signal
}
