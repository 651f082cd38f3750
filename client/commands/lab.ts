import { type Command, Option } from 'commander'
import { InputError } from '../../contract/check.ts'
import { terminalFor, untilInterrupted } from '../context.ts'
import { positive, withJson } from '../options.ts'

interface Options {
  json?: boolean
  sourceVersion: '3.1' | '3.3' | '3.5' | '4.1'
  targetVersion: '3.1' | '3.3' | '3.5' | '4.1'
  target: 'shared-nothing' | 'shared-data'
  empty?: boolean
  configOut?: string
  timeFactor: number
}

const VERSIONS = ['3.1', '3.3', '3.5', '4.1']
/** The only version whose shared-data clusters the lab knows the answers of. */
const SHARED_DATA = '4.1'

export function addLab(program: Command): void {
  const command = withJson(
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
      .option('--time-factor <n>', 'how much faster time runs for replication jobs', positive, 20)
      .option('--config-out <file>', 'write a starferry.yaml for them'),
  )
  command.action(async (options: Options) => {
    const sharedData = options.target === 'shared-data'
    const given = command.getOptionValueSource('targetVersion') === 'cli'
    if (sharedData && given && options.targetVersion !== SHARED_DATA) {
      throw new InputError('--target-version', [
        `a shared-data cluster is acted out as ${SHARED_DATA} alone: leave it out, or take --target shared-nothing`,
      ])
    }
    const { runLab } = await import('../demo/run-lab.ts')
    await runLab({
      terminal: terminalFor(options),
      sourceVersion: options.sourceVersion,
      targetVersion: sharedData ? SHARED_DATA : options.targetVersion,
      sharedData,
      empty: options.empty ?? false,
      configOut: options.configOut,
      timeFactor: options.timeFactor,
      interrupted: untilInterrupted(),
    })
  })
}
