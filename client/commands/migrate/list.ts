import type { Command } from 'commander'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, withStarferry } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'
import { runsTable } from '../../terminal/runs-table.ts'

export function addList(migrate: Command): void {
  const command = migrate.command('list').summary('all migrations that Temporal knows')
  withTemporal(withJson(command)).action(async (options: TemporalOptions & { json?: boolean }) => {
    const terminal = terminalFor(options)
    const migrations = await withStarferry(options, (starferry) => starferry.list())
    show(terminal, migrations, () => runsTable(migrations, terminal.style, 'no migrations'))
  })
}
