import type { Command } from 'commander'
import type { Change, ParkedTable } from '../../../contract/migration-api.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, type Terminal, terminalFor, withStarferry } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'
import { formatTime, plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'

export function addChanges(migrate: Command): void {
  const command = migrate
    .command('changes')
    .summary('statements run on the target, and those that wait')
    .argument('<NAME>', 'name of the migration')
  withTemporal(withJson(command)).action(async (name: string, options: TemporalOptions & { json?: boolean }) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const { changes, parked } = await withStarferry(options, async (starferry) => {
      const [found, waiting] = await Promise.all([starferry.changes(name), starferry.parked(name)])
      return { changes: found, parked: waiting }
    })
    show(terminal, { ...changes, parked }, () => [
      ...section(terminal, 'done', changes.done, changeLines(terminal)),
      ...section(terminal, 'pending', changes.pending, changeLines(terminal)),
      ...section(terminal, 'parked', parked, parkedLines(terminal, name)),
      ...section(terminal, 'to undo at cutover', changes.undo, ({ table, statement }) => [
        `  ${printable(table)}  ${style.dim(printable(statement))}`,
      ]),
      ...(changes.moreUndo > 0 ? [style.dim(`  and ${plural(changes.moreUndo, 'statement')} more`)] : []),
    ])
  })
}

function section<T>(terminal: Terminal, title: string, items: readonly T[], lines: (item: T) => string[]): string[] {
  const { style } = terminal
  return [`${style.bold(title)} ${style.dim(String(items.length))}`, ...items.flatMap(lines)]
}

const changeLines = (terminal: Terminal) => (change: Change) => {
  const { style } = terminal
  const destroys = change.outcome === 'recreated' || change.outcome === 'dropped' || change.outcome === 'needs-approval'
  const word = change.outcome.padEnd(14)
  return [
    `  ${style.dim(formatTime(change.at))}  ${destroys ? style.red(word) : word}  ${printable(change.table)}`,
    ...(change.reason ? [`    ${printable(change.reason)}`] : []),
    ...change.statements.map((statement) => `    ${style.dim(printable(statement))}`),
  ]
}

const parkedLines = (terminal: Terminal, name: string) => (table: ParkedTable) => {
  const { style } = terminal
  const next = table.needsApproval
    ? style.red(`needs approval: starferry migrate approve ${name} '${printable(table.table)}'`)
    : style.dim(table.retryAt ? `next try ${formatTime(table.retryAt)}` : 'waits for `starferry migrate retry`')
  return [
    `  ${printable(table.table)}  ${plural(table.attempts, 'attempt')}  ${next}`,
    `    ${style.yellow(printable(table.reason))}`,
    ...table.statements.map((statement) => `    ${style.dim(printable(statement))}`),
  ]
}
