import type { Command } from 'commander'
import { withRestores } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted } from '../../context.ts'
import { seconds, withJson, withTemporal } from '../../options.ts'
import { restoreView } from '../../terminal/restore-view.ts'
import { runsTable } from '../../terminal/runs-table.ts'
import { watchRestore } from './watch.ts'

type Options = TemporalOptions & { json?: boolean; watch?: boolean; interval: number }

export function addStatus(restore: Command): void {
  const command = restore
    .command('status')
    .summary('what a restore does now; without a name: all that Temporal knows')
    .argument('[NAME]', 'name of the restore')
    .option('--watch', 'show it until it ends, or waits for you')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (name: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    await withRestores(options, async (restores) => {
      if (name === undefined) {
        const runs = await restores.list()
        return show(terminal, runs, () => runsTable(runs, terminal.style, 'no restores'))
      }
      if (options.watch) return watchRestore(restores, name, terminal, options.interval, untilInterrupted())
      const seen = await restores.status(name)
      show(terminal, seen, () => restoreView(seen, terminal.style, terminal.columns))
    })
  })
}
