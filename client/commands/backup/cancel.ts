import type { Command } from 'commander'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { withJson, withTemporal } from '../../options.ts'

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
    await withBackups(options, (backups) => backups.cancel(name))
    show(terminal, { name, cancelled: true }, () => [
      `${terminal.style.yellow('cancelling')} ${name}; its job on the cluster is cancelled, what was finished stays`,
    ])
  })
}
