import { type Command, Option } from 'commander'
import { terminalFor, untilInterrupted } from '../context.ts'
import { withJson } from '../options.ts'

interface Options {
  json?: boolean
  sourceVersion: '3.1' | '3.3' | '3.5' | '4.1'
  targetVersion: '3.1' | '3.3' | '3.5' | '4.1'
  target: 'shared-nothing' | 'shared-data'
  empty?: boolean
  configOut?: string
  timeFactor: string
}

const VERSIONS = ['3.1', '3.3', '3.5', '4.1']

export function addLab(program: Command): void {
  withJson(
    program
      .command('lab')
      .summary('two embedded clusters alone, to look around in')
      .description(
        'Starts two lab clusters in this process: stand-ins that answer as StarRocks does. The source holds some forty tables. A stock mysql client can log in. Ends on Ctrl-C.',
      )
      .addOption(new Option('--source-version <version>', 'version of the source').choices(VERSIONS).default('3.3'))
      .addOption(new Option('--target-version <version>', 'version of the target').choices(VERSIONS).default('3.5'))
      .addOption(
        new Option('--target <kind>', 'kind of the target')
          .choices(['shared-nothing', 'shared-data'])
          .default('shared-nothing'),
      )
      .option('--empty', 'no tables at the source')
      .option('--time-factor <n>', 'how much faster time runs for replication jobs', '20')
      .option('--config-out <file>', 'write a starferry.yaml for them'),
  ).action(async (options: Options) => {
    const { runLab } = await import('../demo/run-lab.ts')
    await runLab({
      terminal: terminalFor(options),
      sourceVersion: options.sourceVersion,
      targetVersion: options.target === 'shared-data' ? '4.1' : options.targetVersion,
      sharedData: options.target === 'shared-data',
      empty: options.empty ?? false,
      configOut: options.configOut,
      timeFactor: Number(options.timeFactor),
      interrupted: untilInterrupted(),
    })
  })
}
