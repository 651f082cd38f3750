import type { Command } from 'commander'
import type { RepositoriesInput, RepositoryRow } from '../../contract/backup/repository-api.ts'
import { withBackups } from '../backup-context.ts'
import type { TemporalOptions } from '../connection.ts'
import { show, terminalFor } from '../context.ts'
import { FailedCheck } from '../errors.ts'
import { count, severally, withJson, withTemporal } from '../options.ts'
import { findingsView } from '../terminal/findings-view.ts'
import { formatTime } from '../terminal/format.ts'
import { printable, type Style } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { tellOfMissingWorker } from './doctor.ts'

type Options = TemporalOptions & {
  json?: boolean
  cluster: string
  readOnly?: boolean
  timeout?: number
  ignore?: string[]
}

export function addRepo(program: Command): void {
  const repo = program
    .command('repo')
    .summary('repositories of a cluster: list, create, check, drop')
    .description("Repositories as a cluster knows them, beside the worker's configuration.")
  const on = (name: string, summary: string, argument = false) => {
    const command = repo.command(name).summary(summary)
    if (argument) command.argument('<NAME>', "repository, as the worker's configuration names it")
    return withTemporal(
      withJson(command.requiredOption('--cluster <name>', "cluster, as the worker's configuration names it")),
    )
  }
  on('list', 'repositories of the cluster, beside the configuration').action((options: Options) =>
    answer(options, { op: 'list', cluster: options.cluster }, () => ''),
  )
  on('create', 'CREATE REPOSITORY as configured, known mistakes caught before', true)
    .option('--read-only', 'for restores only')
    .option('--timeout <seconds>', 'how long the statement may take', count)
    .option('--ignore <code>', 'a fatal finding to go on in spite of; several times', severally)
    .action((repository: string, options: Options) => {
      const { cluster, readOnly, timeout: timeoutSeconds, ignore } = options
      return answer(
        options,
        { op: 'create', cluster, repository, readOnly, timeoutSeconds, ignore },
        () => `${repository} is there, on ${cluster}`,
      )
    })
  on('check', 'prove it: a tiny backup and restore on the cluster, and a read from the worker', true).action(
    (repository: string, options: Options) =>
      answer(
        options,
        { op: 'check', cluster: options.cluster, repository },
        () => `${repository} works from ${options.cluster} and from the worker`,
      ),
  )
  on('drop', 'DROP REPOSITORY: only the mapping goes, what is stored stays', true).action(
    (repository: string, options: Options) =>
      answer(
        options,
        { op: 'drop', cluster: options.cluster, repository },
        () => `${repository} is no repository of ${options.cluster} any more; what is stored there stays`,
      ),
  )
}

async function answer(options: Options, input: RepositoriesInput, done: () => string): Promise<void> {
  const terminal = terminalFor(options)
  const { style } = terminal
  const result = await withBackups(options, async (backups) => {
    await tellOfMissingWorker(backups, terminal)
    return backups.repositories(input)
  })
  const ok = !result.findings.some(({ level }) => level === 'fatal')
  show(terminal, result, () => [
    ...(input.op === 'list' ? repositoriesTable(result.rows, style, terminal.columns) : []),
    // It was sent: what was there already, or is wrong as it is, needed none.
    ...(ok && result.statement && !result.findings.some(({ code }) => code === 'repository-exists')
      ? printable(result.statement)
          .split('\n')
          .map((line) => style.dim(line))
      : []),
    ...findingsView(result.findings, style),
    ...(ok && done() ? [style.green(done())] : []),
  ])
  if (!ok) throw new FailedCheck()
}

function repositoriesTable(rows: readonly RepositoryRow[], style: Style, columns: number): string[] {
  if (rows.length === 0) return [style.dim('no repositories')]
  return [
    ...table<RepositoryRow>(
      [
        { title: 'REPOSITORY', value: (row) => printable(row.name) },
        { title: 'LOCATION', value: (row) => printable(row.location) },
        {
          title: 'MODE',
          value: (row) => (row.configured === 'not on the cluster' ? '' : row.readOnly ? 'read only' : 'read, write'),
        },
        { title: 'CREATED', value: (row) => (row.createdAt ? formatTime(row.createdAt) : '') },
        {
          title: 'CONFIGURATION',
          value: (row) => row.configured,
          paint: (text, row) => (row.configured === 'same' ? style.green(text) : style.yellow(text)),
        },
        {
          title: 'FROM THE WORKER',
          value: (row) => (row.reachable === undefined ? '' : row.reachable === 'yes' ? 'readable' : 'not readable'),
          paint: (text, row) => (row.reachable === 'yes' ? style.green(text) : style.yellow(text)),
        },
        {
          title: 'ERROR',
          value: (row) => printable(row.error),
          flexible: true,
          paint: (text) => style.red(text),
        },
      ],
      rows,
      style,
      columns,
    ),
    ...rows.flatMap(({ name, reachable }) =>
      reachable === undefined || reachable === 'yes'
        ? []
        : [`${style.yellow(printable(name))}: ${printable(reachable)}`],
    ),
  ]
}
