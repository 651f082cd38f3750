import { type Command, Option } from 'commander'
import { COMPANION_KINDS, type CompanionKind } from '../../../contract/backup/companion-api.ts'
import { InputError } from '../../../contract/check.ts'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { io } from '../../io.ts'
import { severally, withJson, withTemporal } from '../../options.ts'
import { plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'
import { tellOfMissingWorker, tellOfWork } from '../doctor.ts'

type Options = TemporalOptions & {
  json?: boolean
  repository: string
  cluster?: string
  apply?: boolean
  kind?: CompanionKind[]
}

export function addCompanion(restore: Command): void {
  const command = restore
    .command('companion')
    .summary("print, or run, the script of what is in no snapshot: users, grants, views' definitions …")
    .description(
      'Prints the SQL script that was saved beside a backup: databases, views, users, roles, grants and other definitions. With --apply it is run on a cluster, statement by statement; what is there already stays as it is, and what fails is told. Exit 1 when something failed.',
    )
    .argument('<BACKUP>', 'its id, as `backup list` shows it')
    .requiredOption('--repository <name>', "repository, as the worker's configuration names it")
    .option('--cluster <name>', 'where to run it')
    .option('--apply', 'run it')
    .addOption(
      new Option('--kind <kind>', `with --apply, only these: ${COMPANION_KINDS.join(', ')}; several times`).argParser(
        severally,
      ),
    )
  withTemporal(withJson(command)).action(async (id: string, options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const { repository, cluster, apply, kind: kinds } = options
    if (apply && !cluster) throw new InputError('restore companion', ['says not where to run it: give --cluster'])
    if (!apply && (cluster || kinds))
      throw new InputError('restore companion', [
        '--cluster and --kind belong to --apply; without it the script is printed',
      ])
    for (const kind of kinds ?? []) {
      if (!COMPANION_KINDS.includes(kind))
        throw new InputError('--kind', [`'${kind}' is none of ${COMPANION_KINDS.join(', ')}`])
    }
    await withBackups(options, async (backups) => {
      await tellOfMissingWorker(backups, terminal)
      if (!apply || !cluster) {
        const script = await backups.companion(repository, id)
        // As it is, for a client that runs it: control characters in it are the statements' own.
        if (terminal.json) terminal.out(JSON.stringify(script))
        else io().stdout.write(script.text)
        if (!terminal.json && script.byHand > 0)
          terminal.note(
            style.yellow(`${plural(script.byHand, 'thing')} in it must be made by hand; the script says which`),
          )
        return
      }
      const done = await backups.applyCompanion({ repository, id, cluster, kinds }, tellOfWork(terminal))
      show(terminal, done, () => [
        ...done.failed.flatMap(({ kind, name, statement, reason }) => [
          `${style.red('failed')}  ${kind} ${printable(name)}: ${printable(reason)}`,
          style.dim(`        ${printable(statement)}`),
        ]),
        ...(done.more > 0 ? [style.red(`and ${plural(done.more, 'failure')} more`)] : []),
        ...done.byHand.map(
          ({ kind, name, why }) => `${style.yellow('by hand')}  ${kind} ${printable(name)}: ${printable(why)}`,
        ),
        `${done.applied} made, ${done.existed} were there already, ${done.failed.length + done.more} failed`,
      ])
      if (!done.ok) throw new FailedCheck()
    })
  })
}
