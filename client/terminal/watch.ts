import { setTimeout as sleep } from 'node:timers/promises'
import type { Terminal } from '../context.ts'
import { RequestError } from '../errors.ts'
import { io } from '../io.ts'
import { Live } from './live.ts'

export interface Watched<T> {
  look(): Promise<T>
  view(seen: T, columns: number): string[]
  line(seen: T): string
  /** Whether this was the last look. */
  over(seen: T): boolean
  /** Said when the view ends before the work does. */
  goesOn: string
}

/**
 * Shows work until it is over or the signal: painted over on a terminal, a line when something changed elsewhere, a JSON line a look with `--json`.
 * Returns what was seen last; undefined when the signal ended it.
 */
export async function watchWork<T>(
  terminal: Terminal,
  { look, view, line, over, goesOn }: Watched<T>,
  intervalSeconds: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { stdout } = io()
  const live = new Live(stdout)
  let told = ''
  for (;;) {
    const seen = await patiently(look)
    if (terminal.json) terminal.out(JSON.stringify(seen))
    else if (stdout.isTTY) live.paint(view(seen, stdout.columns || 80))
    else if (told !== line(seen)) {
      told = line(seen)
      terminal.out(told)
    }
    if (over(seen)) return seen
    await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => {})
    if (signal.aborted) {
      if (!terminal.json) terminal.note(terminal.style.dim(goesOn))
      return undefined
    }
  }
}

/** A worker that restarts leaves a query without an answer for a moment: worth another try, not an error. */
async function patiently<T>(look: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await look()
    } catch (error) {
      if (error instanceof RequestError || attempt >= 10) throw error
      await sleep(1_000)
    }
  }
}
