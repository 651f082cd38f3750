import type { BackupClient, RunningBackup } from '../../backup-client.ts'
import type { Terminal } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { backupLine, backupResultView, backupView } from '../../terminal/backup-view.ts'
import { watchWork } from '../../terminal/watch.ts'

const FINAL = ['finished', 'failed', 'cancelled']

/** Shows a backup until it ends or the signal, then what came of it. Errors: FailedCheck when a database failed. */
export async function watchBackup(
  backups: BackupClient,
  name: string,
  terminal: Terminal,
  intervalSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const last = await watchWork<RunningBackup>(
    terminal,
    {
      look: () => backups.status(name),
      view: (seen, columns) => backupView(seen, terminal.style, columns),
      line: backupLine,
      over: ({ status }) => FINAL.includes(status.state),
      goesOn: `It goes on without this view. To cancel it: starferry backup cancel ${name}`,
    },
    intervalSeconds,
    signal,
  )
  if (!last) return
  const result = await backups.result(name)
  if (terminal.json) terminal.out(JSON.stringify(result))
  else for (const line of ['', ...backupResultView(name, result, terminal.style)]) terminal.out(line)
  if (!result.ok) throw new FailedCheck()
}
