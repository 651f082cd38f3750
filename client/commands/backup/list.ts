import type { Command } from 'commander'
import type { BackupsInput } from '../../../contract/backup/repository-api.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'
import { readBackups } from '../../read-backups.ts'
import { backupsTable } from '../../terminal/backups-table.ts'
import { formatBytes, plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'

type Options = TemporalOptions & {
  json?: boolean
  repository: string
  cluster?: string
  database?: string
  policy?: string
  all?: boolean
  direct?: boolean
}

export function addList(backup: Command): void {
  const command = backup
    .command('list')
    .summary('what a repository holds')
    .description('Lists backups, newest first, read from the repository alone.')
    .requiredOption('--repository <name>', "repository, as the worker's configuration names it")
    .option('--cluster <name>', 'only of this cluster')
    .option('--database <name>', 'only of this database')
    .option('--policy <name>', 'only of this policy')
    .option('--all', 'snapshots that starferry did not make, or that are incomplete, too')
    .option(
      '--direct',
      'read the repository from here, with the local starferry.yaml: needs neither Temporal nor a worker',
    )
  withTemporal(withJson(command)).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const { repository, cluster, database, policy, all } = options
    const input: BackupsInput = { repository, cluster, database, policy, all }
    const page = await readBackups(options, input)
    show(terminal, page, () => [
      ...backupsTable(page.rows, style, terminal.columns),
      style.dim(`${plural(page.totals.backups, 'backup')}, ${formatBytes(page.totals.bytes)}`),
      ...(page.notes ?? []).map((note) => style.yellow(printable(note))),
    ])
  })
}
