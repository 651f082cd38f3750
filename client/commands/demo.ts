import { type Command, Option } from 'commander'
import { terminalFor, untilInterrupted } from '../context.ts'
import { FailedCheck } from '../errors.ts'
import { withJson } from '../options.ts'

interface Options {
  json?: boolean
  keep?: boolean
  target: 'shared-nothing' | 'shared-data'
  seed: string
}

export function addDemo(program: Command): void {
  withJson(
    program
      .command('demo')
      .summary('see a whole migration in a minute, on embedded clusters')
      .description(
        'Migrates some forty tables between two lab clusters in this process, on a real Temporal development server, with writes going on at the source, faults, a pause, and a worker that is killed in the middle; then compares every row of both sides. Exit 0 only if all rows are equal.',
      )
      .addOption(
        new Option('--target <kind>', 'kind of the target cluster')
          .choices(['shared-nothing', 'shared-data'])
          .default('shared-nothing'),
      )
      .option('--seed <n>', 'seed of rows, writes and faults', '1')
      .option('--keep', 'leave everything running at the end, until Ctrl-C'),
  ).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { runDemo } = await import('../demo/run-demo.ts')
    const result = await runDemo({
      terminal,
      target: options.target,
      seed: Number(options.seed),
      keep: options.keep ?? false,
      interrupted: untilInterrupted(),
      onResult: (found) => {
        if (terminal.json) terminal.out(JSON.stringify(found))
      },
    })
    if (!result.ok) throw new FailedCheck()
  })
}
