import type { Command } from 'commander'
import { withRestores } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted } from '../../context.ts'
import { seconds, withJson, withTemporal } from '../../options.ts'
import { type RestoreFlags, restoreSpecOf } from '../../restore-spec.ts'
import { tellOfMissingWorker } from '../doctor.ts'
import { withRestoreFlags } from './flags.ts'
import { printRestorePlan } from './plan.ts'
import { watchRestore } from './watch.ts'

type Options = TemporalOptions & RestoreFlags & { json?: boolean; plan?: boolean; watch?: boolean; interval: number }

export function addRun(restore: Command): void {
  const command = withRestoreFlags(
    restore
      .command('run')
      .summary('restore from a label, a time, or the newest backup')
      .description(
        'Restores and leaves it to the worker; it goes on whatever becomes of this command. Restored tables stand beside what is live, and beside names that are free, until `restore publish` or `--publish auto`; they are compared with the backup’s record before.',
      ),
  )
    .option('--plan', 'show every statement in order instead; changes nothing')
    .option('--watch', 'show progress until it ends, or waits for you')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { input, spec } = restoreSpecOf(file, options)
    await withRestores(options, async (restores) => {
      await tellOfMissingWorker(restores, terminal)
      if (options.plan) return printRestorePlan(restores, spec, terminal)
      const workflowId = await restores.start(input)
      if (!options.watch || !terminal.json)
        show(terminal, { name: spec.name, workflowId }, () => [
          `${terminal.style.green('started')} ${spec.name}  ${terminal.style.dim(`${spec.repository} → ${spec.cluster}, workflow ${workflowId}`)}`,
        ])
      if (options.watch) await watchRestore(restores, spec.name, terminal, options.interval, untilInterrupted())
      else if (!terminal.json)
        terminal.note(terminal.style.dim(`watch it: starferry restore status ${spec.name} --watch`))
    })
  })
}
