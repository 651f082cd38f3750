import { Argument, type Command, Option } from 'commander'
import { terminalFor, untilInterrupted } from '../context.ts'
import { FailedCheck } from '../errors.ts'
import { wholeNumber, withJson } from '../options.ts'

interface Options {
  json?: boolean
  keep?: boolean
  target: 'shared-nothing' | 'shared-data'
  seed: number
}

export function addDemo(program: Command): void {
  withJson(
    program
      .command('demo')
      .summary('see a migration, then backup and restore, on embedded clusters')
      .description(
        'Migrates some forty tables between two lab clusters in this process, on a real Temporal development server, with writes going on at the source, faults, a pause, and a worker that is killed in the middle; then compares every row of both sides. The second act backs a cluster up to an S3 server, damages a table, and restores it from a chain of backups. Exit 0 only if all rows are equal.',
      )
      .addArgument(
        new Argument('[ACT]', 'migration: the first act alone; backup: the second').choices(['migration', 'backup']),
      )
      .addOption(
        new Option('--target <kind>', 'kind of the target cluster')
          .choices(['shared-nothing', 'shared-data'])
          .default('shared-nothing'),
      )
      .option('--seed <n>', 'seed of rows, writes and faults', wholeNumber, 1)
      .option('--keep', 'leave everything running at the end, until Ctrl-C'),
  ).action(async (act: 'migration' | 'backup' | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { runBackupDemo, runDemo } = await import('../demo/run-demo.ts')
    const common = {
      terminal,
      seed: options.seed,
      keep: options.keep ?? false,
      interrupted: untilInterrupted(),
      onResult: (found: object) => {
        if (terminal.json) terminal.out(JSON.stringify(found))
      },
    }
    const result =
      act === 'backup'
        ? await runBackupDemo(common)
        : await runDemo({ ...common, target: options.target, alone: act === 'migration' })
    if (!result.ok) throw new FailedCheck()
  })
}
