import type { Command } from 'commander'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted } from '../../context.ts'
import { RequestError } from '../../errors.ts'
import { seconds, withJson, withTemporal } from '../../options.ts'
import { backupResultView, backupView } from '../../terminal/backup-view.ts'
import { runsTable } from '../../terminal/runs-table.ts'
import { watchBackup } from './watch.ts'

type Options = TemporalOptions & { json?: boolean; watch?: boolean; interval: number }

export function addStatus(backup: Command): void {
  const command = backup
    .command('status')
    .summary('what a backup does now; without a name: all that Temporal knows')
    .argument('[NAME]', 'name of the backup or of its policy')
    .option('--watch', 'show it until it ends')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (name: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    await withBackups(options, async (backups) => {
      if (name === undefined) {
        const runs = await backups.list()
        return show(terminal, runs, () => runsTable(runs, style, 'no backups'))
      }
      if (options.watch) return watchBackup(backups, name, terminal, options.interval, untilInterrupted())
      const seen = await backups.status(name)
      show(terminal, seen, () => backupView(seen, style, terminal.columns))
      // One that ended with a result has more to tell; of one that was cancelled or failed as a whole all has been said.
      if (terminal.json || !['finished', 'failed'].includes(seen.status.state)) return
      const result = await backups.result(name).catch((error: unknown) => {
        if (error instanceof RequestError) return undefined
        throw error
      })
      if (result) for (const line of ['', ...backupResultView(name, result, style)]) terminal.out(line)
    })
  })
}
