import type { MigrationState } from '../../../contract/migration-api.ts'
import type { Starferry } from '../../api.ts'
import type { Terminal } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { statusLine, statusView } from '../../terminal/status-view.ts'
import { watchWork } from '../../terminal/watch.ts'
import { notCopied } from './not-copied.ts'

/** States in which a migration moves no more. */
const FINAL_STATES: readonly MigrationState[] = ['finished', 'stopped', 'failed']

/** Shows a migration until it ends or the signal. Errors: FailedCheck when it failed, or finished without some tables. */
export async function watch(
  starferry: Starferry,
  name: string,
  terminal: Terminal,
  intervalSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const last = await watchWork(
    terminal,
    {
      look: () => starferry.status(name),
      view: (status, columns) => statusView(status, terminal.style, columns),
      line: statusLine,
      over: ({ state }) => FINAL_STATES.includes(state),
      goesOn: `It goes on without this view. To stop it: starferry migrate stop ${name}`,
    },
    intervalSeconds,
    signal,
  )
  if (last?.state === 'failed') throw new FailedCheck(last.reason ?? 'the migration failed')
  const missed = last && notCopied(last)
  if (missed !== undefined) throw new FailedCheck(missed)
}
