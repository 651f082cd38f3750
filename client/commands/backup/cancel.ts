import type { Command } from 'commander'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { RequestError } from '../../errors.ts'
import { withJson, withTemporal } from '../../options.ts'
import { tellOfMissingWorker } from '../doctor.ts'

export function addCancel(backup: Command): void {
  const command = backup
    .command('cancel')
    .summary('cancel a backup of ours, with its job on the cluster')
    .description(
      'Cancels a backup that starferry runs: its jobs on the cluster, too, but only those that carry its label. Jobs of other clients are never touched.',
    )
    .argument('<NAME>', 'name of the backup or of its policy')
  withTemporal(withJson(command)).action(async (name: string, options: TemporalOptions & { json?: boolean }) => {
    const terminal = terminalFor(options)
    await withBackups(options, async (backups) => {
      await onlyOurs(() => backups.cancel(name))
      await tellOfMissingWorker(backups, terminal)
    })
    show(terminal, { name, cancelled: true }, () => [
      `${terminal.style.yellow('cancelling')} ${name}; its job on the cluster is cancelled, what was finished stays  ${terminal.style.dim(`starferry backup status ${name}`)}`,
    ])
  })
}

/** Who looks for somebody else's job among ours is told why it is not there. */
export async function onlyOurs(cancel: () => Promise<void>): Promise<void> {
  try {
    await cancel()
  } catch (error) {
    if (!(error instanceof RequestError) || !/^There is no/.test(error.message)) throw error
    throw new RequestError(
      `${error.message} Only what starferry started is cancelled here: jobs of other clients are theirs to end.`,
    )
  }
}
