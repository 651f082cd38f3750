import type { Command } from 'commander'
import { withRestores } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, untilInterrupted } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'
import { onlyOurs } from '../backup/cancel.ts'
import { tellOfMissingWorker } from '../doctor.ts'
import { watchRestore } from './watch.ts'

type Options = TemporalOptions & { json?: boolean; wait?: boolean }

export function addControl(restore: Command): void {
  const on = (verb: string, summary: string, description: string) =>
    withTemporal(
      withJson(
        restore.command(verb).summary(summary).description(description).argument('<NAME>', 'name of the restore'),
      ),
    )
  on(
    'publish',
    'give what was restored aside the live names',
    'Gives what was restored aside, and checked, the live names, and waits until that is done. What it replaces is kept under another name unless the restore says otherwise.',
  ).action((name: string, options: Options) => settle(name, options, 'publish'))
  on(
    'discard',
    'remove what was restored aside',
    'Removes what was restored aside; what is live stays as it is. Tables that were restored in place are not taken back: the status tells in which state they are.',
  ).action((name: string, options: Options) => settle(name, options, 'discard'))
  on(
    'cancel',
    'cancel a restore of ours, and undo it',
    'Cancels a restore that starferry runs and removes what it made, but nothing under a live name that somebody has written to. A job that already puts files in place is waited for, because StarRocks would leave tables unusable. Jobs of other clients are never touched.',
  ).action(async (name: string, options: Options) => {
    const terminal = terminalFor(options)
    await withRestores(options, async (restores) => {
      await onlyOurs(() => restores.cancel(name))
      await tellOfMissingWorker(restores, terminal)
    })
    show(terminal, { name, cancelled: true }, () => [
      `${terminal.style.yellow('cancelling')} ${name}; what it made is being removed  ${terminal.style.dim(`starferry restore status ${name}`)}`,
    ])
  })
}

async function settle(name: string, options: Options, what: 'publish' | 'discard'): Promise<void> {
  const terminal = terminalFor(options)
  await withRestores(options, async (restores) => {
    await restores[what](name)
    await watchRestore(restores, name, terminal, 1, untilInterrupted(), what === 'discard' ? 'discarded' : 'restored')
  })
}
