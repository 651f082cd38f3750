import type { Command } from 'commander'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { severally, withJson, withTemporal } from '../../options.ts'
import { formatBytes, formatCount, formatSeconds, plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'
import { tellOfMissingWorker } from '../doctor.ts'

type Options = TemporalOptions & {
  json?: boolean
  repository: string
  cluster?: string
  database?: string
  policy?: string
  backup?: string[]
  deep?: boolean
}

export function addVerify(backup: Command): void {
  const command = backup
    .command('verify')
    .summary('check backups in the repository: manifests, objects, md5 sums, chains')
    .description(
      'Checks manifests and data objects in the repository, and says which backups can be restored to. Exit 1 when one cannot.',
    )
    .requiredOption('--repository <name>', "repository, as the worker's configuration names it")
    .option('--cluster <name>', 'only of this cluster')
    .option('--database <name>', 'only of this database')
    .option('--policy <name>', 'only of this policy')
    .option('--backup <id>', 'only this one; several times', severally)
    .option('--deep', 'md5 of every object; otherwise sizes and a sample')
  withTemporal(withJson(command)).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const { repository, cluster, database, policy, backup: ids, deep } = options
    const result = await withBackups(options, async (backups) => {
      await tellOfMissingWorker(backups, terminal)
      return backups.verify({ repository, cluster, database, policy, ids, deep })
    })
    show(terminal, result, () => [
      ...result.problems.map(
        ({ id, object, problem }) =>
          `${style.red('damaged')}  ${printable(id)}: ${printable(problem)}${object ? style.dim(`  ${printable(object)}`) : ''}`,
      ),
      ...(result.more > 0 ? [style.dim(`and ${plural(result.more, 'problem')} more`)] : []),
      ...result.broken.map((id) => `${style.red('cannot be restored')}  ${printable(id)}`),
      `${result.ok ? style.green('whole') : style.red('damaged')}  ${result.whole} of ${plural(result.backups, 'backup')} can be restored; ${formatCount(result.objects)} objects, ${formatBytes(result.bytes)} looked at in ${formatSeconds(result.seconds)}`,
    ])
    if (!result.ok) throw new FailedCheck()
  })
}
