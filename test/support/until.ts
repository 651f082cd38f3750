import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** Generous: a slow machine is no failure. */
  withinMs?: number
  /** Between two looks; by default the longer, up to two seconds, the longer it has taken: looks cost what is waited for. */
  everyMs?: number
  /** What to add to the error when time is up. */
  explain?: () => string | Promise<string>
}

/** Looks until the condition gives something other than undefined and false, and returns that. Errors of the condition end the wait. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { withinMs = 200_000, everyMs, explain }: UntilOptions = {},
): Promise<T> {
  const started = Date.now()
  const deadline = started + withinMs
  for (;;) {
    const found = await condition()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) {
      throw new Error(`Not within ${withinMs / 1000} s: ${what}${explain ? `\n${await explain()}` : ''}`)
    }
    await sleep(everyMs ?? Math.min(2_000, 100 + (Date.now() - started) / 8))
  }
}
