import { type Command, Option } from 'commander'
import type { TableRow } from '../../../contract/migration-api.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, withStarferry } from '../../context.ts'
import { count, withJson, withTemporal } from '../../options.ts'
import { formatBytes, formatCount, plural } from '../../terminal/format.ts'
import { printable, type Style } from '../../terminal/style.ts'
import { table } from '../../terminal/table.ts'

type Options = TemporalOptions & {
  json?: boolean
  state?: TableRow['state']
  match?: string
  after?: string
  limit: number
  all?: boolean
}

const STATES: TableRow['state'][] = ['in sync', 'running', 'lagging', 'unfinished', 'missing', 'parked', 'unknown']

export function addTables(migrate: Command): void {
  const command = migrate
    .command('tables')
    .summary('every table: state, reason, attempts, bytes, versions')
    .argument('<NAME>', 'name of the migration')
    .addOption(new Option('--state <state>', 'only tables in this state').choices(STATES))
    .option('--match <pattern>', 'only tables whose `db.table` matches, with globs')
    .option('--limit <n>', 'tables of a page', count, 100)
    .option('--after <table>', 'the page after this table')
    .option('--all', 'all pages')
  withTemporal(withJson(command)).action(async (name: string, options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const filter = { state: options.state, match: options.match }
    const page = await withStarferry(options, async (starferry) => {
      const first = await starferry.tables(name, filter, { after: options.after, limit: options.limit })
      while (options.all && first.next !== undefined) {
        const more = await starferry.tables(name, filter, { after: first.next, limit: options.limit })
        first.rows.push(...more.rows)
        first.next = more.next
      }
      return first
    })
    show(terminal, page, () => [
      ...(page.rows.length === 0
        ? [style.dim('no tables')]
        : table<TableRow>(
            [
              { title: 'TABLE', value: (row) => printable(row.table) },
              { title: 'STATE', value: (row) => row.state, paint: (text, row) => paint(row.state, text, style) },
              { title: 'BEHIND', value: behind, align: 'right' },
              { title: 'SIZE', value: (row) => formatBytes(row.bytes), align: 'right' },
              { title: 'SOURCE', value: (row) => row.sourceVersion, align: 'right' },
              { title: 'TARGET', value: (row) => row.targetVersion, align: 'right' },
              { title: 'TRIES', value: (row) => formatCount(row.attempts), align: 'right' },
              { title: 'REASON', value: (row) => printable(row.reason ?? ''), flexible: true },
            ],
            page.rows,
            style,
            terminal.columns,
          )),
      ...(page.next === undefined ? [] : [style.dim(`more: --after '${printable(page.next)}', or --all`)]),
      style.dim(
        `${plural(page.counts.tables, 'table')}, ${formatCount(page.counts.expiredTables)} behind, ${formatCount(page.counts.missingTables)} not made yet`,
      ),
    ])
  })
}

const behind = (row: TableRow) => (row.partitions === 0 ? '' : `${row.laggingPartitions}/${row.partitions}`)

function paint(state: TableRow['state'], text: string, style: Style): string {
  if (state === 'in sync') return style.green(text)
  if (state === 'parked' || state === 'unknown') return style.yellow(text)
  return state === 'running' ? style.cyan(text) : text
}
