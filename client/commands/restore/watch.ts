import type { Terminal } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { io } from '../../io.ts'
import type { RestoreClient, RunningRestore } from '../../restore-client.ts'
import { restoreLine, restoreResultView, restoreView } from '../../terminal/restore-view.ts'
import { watchWork } from '../../terminal/watch.ts'

const FINAL = ['ready', 'finished', 'failed', 'cancelled']

/** Shows a restore until it ends, waits to be published, or the signal. Errors: FailedCheck when it failed. */
export async function watchRestore(
  restores: RestoreClient,
  name: string,
  terminal: Terminal,
  intervalSeconds: number,
  signal: AbortSignal,
  wanted: 'restored' | 'discarded' = 'restored',
): Promise<void> {
  const last = await watchWork<RunningRestore>(
    terminal,
    {
      look: () => restores.status(name),
      view: (seen, columns) => restoreView(seen, terminal.style, columns),
      line: restoreLine,
      over: ({ status }) => FINAL.includes(status.state),
      goesOn: `It goes on without this view. To cancel it: starferry restore cancel ${name}`,
    },
    intervalSeconds,
    signal,
  )
  if (!last) return
  if (last.status.state === 'ready') {
    if (!terminal.json && !io().stdout.isTTY)
      for (const line of restoreView(last, terminal.style, terminal.columns)) terminal.out(line)
    return
  }
  const result = await restores.result(name)
  if (terminal.json) terminal.out(JSON.stringify(result))
  else for (const line of ['', ...restoreResultView(name, result, terminal.style, last.status)]) terminal.out(line)
  const done = wanted === 'discarded' ? last.status.state === 'cancelled' && last.status.left.length === 0 : result.ok
  if (!done) throw new FailedCheck()
}
