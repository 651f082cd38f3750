import type { Command } from 'commander'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted, withStarferry } from '../../context.ts'
import { seconds, withJson, withTemporal } from '../../options.ts'
import { statusView } from '../../terminal/status-view.ts'
import { watch } from './watch.ts'

type Options = TemporalOptions & { json?: boolean; watch?: boolean; interval: number }

export function addStatus(migrate: Command): void {
  const command = migrate
    .command('status')
    .summary('how far a migration is')
    .argument('<NAME>', 'name of the migration')
    .option('--watch', 'show it until the migration ends')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (name: string, options: Options) => {
    const terminal = terminalFor(options)
    await withStarferry(options, async (starferry) => {
      if (options.watch) return watch(starferry, name, terminal, options.interval, untilInterrupted())
      const status = await starferry.status(name)
      show(terminal, status, () => statusView(status, terminal.style, terminal.columns))
    })
  })
}
