import type { Command } from 'commander'
import type { VerifyInput, VerifyResult } from '../../../contract/backup/repository-api.ts'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, type Terminal, terminalFor } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { io } from '../../io.ts'
import { severally, withJson, withTemporal } from '../../options.ts'
import { formatBytes, formatCount, formatSeconds, plural } from '../../terminal/format.ts'
import { Live } from '../../terminal/live.ts'
import { printable } from '../../terminal/style.ts'
import { tellOfMissingWorker, tellOfWork } from '../doctor.ts'

type Options = TemporalOptions & {
  json?: boolean
  repository: string
  cluster?: string
  database?: string
  policy?: string
  backup?: string[]
  deep?: boolean
  direct?: boolean
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
    .option(
      '--direct',
      'read the repository from here, with the local starferry.yaml: needs neither Temporal nor a worker',
    )
  withTemporal(withJson(command)).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const { repository, cluster, database, policy, backup: ids, deep } = options
    const input: VerifyInput = { repository, cluster, database, policy, ids, deep }
    const result = options.direct
      ? await verifyDirectly(options.config, input, terminal)
      : await withBackups(options, async (backups) => {
          await tellOfMissingWorker(backups, terminal)
          return backups.verify(input, tellOfWork(terminal))
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

/** Without Temporal and a worker: what is read shows on a terminal, label by label. */
async function verifyDirectly(
  config: string | undefined,
  input: VerifyInput,
  terminal: Terminal,
): Promise<VerifyResult> {
  const { openDirect } = await import('../../../workers/direct.ts')
  const direct = await openDirect({ config, env: io().env })
  const live = new Live(io().stderr)
  try {
    return await direct.verify(input, {
      onProgress: (label, read) => live.paint([terminal.style.dim(`${label}  ${formatBytes(read)} read`)]),
    })
  } finally {
    live.clear()
    await direct.close()
  }
}
