import type { Command } from 'commander'
import type { ListedMigration } from '../../api.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, withStarferry } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'
import { formatTime } from '../../terminal/format.ts'
import { paintState } from '../../terminal/status-view.ts'
import { table } from '../../terminal/table.ts'

export function addList(migrate: Command): void {
  const command = migrate.command('list').summary('all migrations that Temporal knows')
  withTemporal(withJson(command)).action(async (options: TemporalOptions & { json?: boolean }) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const migrations = await withStarferry(options, (starferry) => starferry.list())
    show(terminal, migrations, () =>
      migrations.length === 0
        ? [style.dim('no migrations')]
        : table<ListedMigration>(
            [
              { title: 'NAME', value: (each) => each.name },
              {
                title: 'STATE',
                value: stateOf,
                paint: (text, each) => paintState(stateOf(each), style).replace(stateOf(each), text),
              },
              { title: 'STARTED', value: (each) => formatTime(each.startedAt) },
              { title: 'ENDED', value: (each) => (each.closedAt ? formatTime(each.closedAt) : '') },
              { title: 'RUN', value: (each) => each.runId },
            ],
            migrations,
            style,
          ),
    )
  })
}

/** Temporal's word where ours would be stale: a terminated workflow could not say so itself. */
function stateOf({ state, execution }: ListedMigration): string {
  return execution === 'RUNNING' || execution === 'COMPLETED' || (execution === 'FAILED' && state === 'failed')
    ? state || execution.toLowerCase()
    : execution.toLowerCase()
}
