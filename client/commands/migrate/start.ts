import type { Command } from 'commander'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted, withStarferry } from '../../context.ts'
import { seconds, withJson, withSpec, withTemporal } from '../../options.ts'
import { readSpec, type SpecOptions } from '../../spec-file.ts'
import { tellOfMissingWorker } from '../doctor.ts'
import { watch } from './watch.ts'

type Options = TemporalOptions & SpecOptions & { json?: boolean; watch?: boolean; interval: number }

export function addStart(migrate: Command): void {
  const command = migrate
    .command('start')
    .summary('start a migration')
    .description('Starts a migration and leaves it to the worker. It goes on whatever becomes of this command.')
    .option('--one-time', 'stop when everything has been copied once')
    .option('--watch', 'show progress until it ends')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(withSpec(command))).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { input, spec } = readSpec(file, options)
    await withStarferry(options, async (starferry) => {
      const started = await starferry.start(input)
      if (!options.watch || !terminal.json) {
        show(terminal, started, () => [
          `${terminal.style.green('started')} ${spec.name}  ${terminal.style.dim(`${spec.source} → ${spec.target}, workflow ${started.workflowId}`)}`,
        ])
      }
      await tellOfMissingWorker(starferry, terminal)
      if (options.watch) await watch(starferry, spec.name, terminal, options.interval, untilInterrupted())
      else if (!terminal.json)
        terminal.note(terminal.style.dim(`watch it: starferry migrate status ${spec.name} --watch`))
    })
  })
}
