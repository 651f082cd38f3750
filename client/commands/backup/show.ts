import type { Command } from 'commander'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { withJson, withTemporal } from '../../options.ts'
import { readBackups } from '../../read-backups.ts'
import { backupsTable } from '../../terminal/backups-table.ts'
import { plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'

type Options = TemporalOptions & { json?: boolean; repository: string; direct?: boolean }

export function addShow(backup: Command): void {
  const command = backup
    .command('show')
    .summary('one backup in full: objects, partitions with versions, what is not in it')
    .argument('<BACKUP>', 'its id, or the label of one of its snapshots')
    .requiredOption('--repository <name>', "repository, as the worker's configuration names it")
    .option(
      '--direct',
      'read the repository from here, with the local starferry.yaml: needs neither Temporal nor a worker',
    )
  withTemporal(withJson(command)).action(async (id: string, options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const page = await readBackups(options, { repository: options.repository, id })
    const [row] = page.rows
    if (!row)
      throw new FailedCheck(
        `repository ${options.repository} has no backup '${id}'; see \`starferry backup list --repository ${options.repository}\``,
      )
    show(terminal, page, () => [
      ...backupsTable([row], style, terminal.columns),
      '',
      `${style.dim('snapshots')}  ${row.labels.join(', then ')}`,
      ...(row.baseline ? [`${style.dim('baseline')}   ${row.baseline}`] : []),
      ...(row.verified ? [`${style.dim('verified')}   ${row.verified}`] : []),
      '',
      ...(page.objects ?? []).flatMap((object) => [
        `${style.bold(printable(object.name))}  ${style.dim(object.kind)}`,
        ...object.partitions.map(
          ({ name, version, label, rows }) =>
            `  ${printable(name)}  ${style.dim([...(version ? [`version ${version}`] : []), `in ${label}`, ...(rows === undefined ? [] : [plural(Number(rows), 'row')])].join(', '))}`,
        ),
        ...(object.more > 0 ? [style.dim(`  and ${plural(object.more, 'partition')} more`)] : []),
      ]),
      ...(page.notIncluded?.length ? ['', style.bold(`${page.notIncluded.length} not in this backup`)] : []),
      ...(page.notIncluded ?? []).map(
        ({ object, reason }) => `${style.yellow('not included')}  ${printable(object)}: ${printable(reason)}`,
      ),
    ])
  })
}
