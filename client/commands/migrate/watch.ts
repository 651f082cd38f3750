import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationState, MigrationStatus } from '../../../contract/migration-api.ts'
import type { Starferry } from '../../api.ts'
import type { Terminal } from '../../context.ts'
import { FailedCheck, RequestError } from '../../errors.ts'
import { Live } from '../../terminal/live.ts'
import { statusLine, statusView } from '../../terminal/status-view.ts'

/** States in which a migration moves no more. */
const FINAL_STATES: readonly MigrationState[] = ['finished', 'stopped', 'failed']

/**
 * Shows a migration until it ends or the signal: painted over on a terminal, a line when something changed elsewhere, a JSON line a look with
 * `--json`. Errors: FailedCheck when it failed.
 */
export async function watch(
  starferry: Starferry,
  name: string,
  terminal: Terminal,
  intervalSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const live = new Live(process.stdout)
  let told = ''
  for (;;) {
    const status = await look(starferry, name)
    if (terminal.json) terminal.out(JSON.stringify(status))
    else if (process.stdout.isTTY) live.paint(statusView(status, terminal.style, process.stdout.columns ?? 80))
    else if (told !== statusLine(status)) {
      told = statusLine(status)
      terminal.out(told)
    }
    if (FINAL_STATES.includes(status.state)) {
      if (status.state === 'failed') throw new FailedCheck(status.reason ?? 'the migration failed')
      return
    }
    await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => {})
    if (signal.aborted) {
      if (!terminal.json)
        terminal.note(terminal.style.dim(`It goes on without this view. To stop it: starferry migrate stop ${name}`))
      return
    }
  }
}

/** A worker that restarts leaves a query without an answer for a moment: worth another try, not an error. */
async function look(starferry: Starferry, name: string): Promise<MigrationStatus> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await starferry.status(name)
    } catch (error) {
      if (error instanceof RequestError || attempt >= 10) throw error
      await sleep(1_000)
    }
  }
}
