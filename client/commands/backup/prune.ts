import type { Command } from 'commander'
import type { Retention } from '../../../contract/backup/policy.ts'
import type { PruneInput, PrunePlan, PruneResult } from '../../../contract/backup/repository-api.ts'
import { InputError } from '../../../contract/check.ts'
import { withBackups } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor } from '../../context.ts'
import { FailedCheck, RequestError } from '../../errors.ts'
import { count, withJson, withTemporal } from '../../options.ts'
import { formatBytes, formatTime, plural } from '../../terminal/format.ts'
import { printable, type Style } from '../../terminal/style.ts'
import { tellOfMissingWorker, tellOfWork } from '../doctor.ts'

type Rules = { last?: number; days?: number; daily?: number; weekly?: number; monthly?: number; yearly?: number }
type Options = TemporalOptions &
  Rules & { json?: boolean; repository: string; cluster?: string; policy?: string; leftovers?: boolean; yes?: boolean }

export function addPrune(backup: Command): void {
  const command = backup
    .command('prune')
    .summary('show what retention would delete; with --yes, delete it')
    .description(
      'Shows which backups retention would delete, and why. Deletes them only with --yes. A snapshot stays as long as any backup that is kept needs it.',
    )
    .requiredOption('--repository <name>', "repository, as the worker's configuration names it")
    .option('--policy <name>', "only this policy's backups, by its rules unless others are given")
    .option('--cluster <name>', 'only of this cluster')
    .option('--last <n>', 'keep the newest so many of each database', count)
    .option('--days <n>', 'keep what is younger', count)
    .option('--daily <n>', 'keep the newest of each of so many days', count)
    .option('--weekly <n>', 'of so many weeks', count)
    .option('--monthly <n>', 'of so many months', count)
    .option('--yearly <n>', 'of so many years', count)
    .option('--leftovers', 'also what failed or interrupted backups, restores and checks left')
    .option('--yes', 'delete')
  withTemporal(withJson(command)).action(async (options: Options) => {
    const terminal = terminalFor(options)
    const { style } = terminal
    const result = await withBackups(options, async (backups, { client }) => {
      const { repository, policy, leftovers } = options
      const rules = rulesOf(options)
      const spec =
        policy && !rules ? (await (await import('../../policies.ts')).showPolicy(client, policy)).spec : undefined
      const retention = rules ?? spec?.retention
      if (!retention) {
        if (policy)
          throw new RequestError(`Policy ${policy} has no retention: it keeps everything. Give rules, e.g. --last 14.`)
        throw new InputError('backup prune', [
          'says not what to keep: give --policy, or rules such as --last 14 --weekly 8',
        ])
      }
      await tellOfMissingWorker(backups, terminal)
      // As the policy itself does it.
      const cluster = options.cluster ?? spec?.cluster
      const input: PruneInput = { repository, cluster, policy, retention, timeZone: spec?.schedule.timeZone, leftovers }
      return backups.prune({ ...input, ...(options.yes ? { confirmed: 'all' as const } : {}) }, tellOfWork(terminal))
    })
    show(terminal, result, () => pruneView(result, options.yes ?? false, style))
    const failures = result.failures?.length ?? 0
    if (failures > 0) throw new FailedCheck(`${plural(failures, 'snapshot')} could not be deleted`)
  })
}

function rulesOf({ last, days, daily = 0, weekly = 0, monthly = 0, yearly = 0 }: Rules): Retention | undefined {
  if (last === undefined && days === undefined && daily + weekly + monthly + yearly === 0) return undefined
  return { last, days, daily, weekly, monthly, yearly }
}

function pruneView(result: PrunePlan & Partial<PruneResult>, done: boolean, style: Style): string[] {
  const bytes = result.delete.reduce((sum, each) => sum + (each.bytes ?? 0), 0)
  return [
    ...result.delete.map(
      ({ id, database, finishedAt, why }) =>
        `${style.red('delete')}  ${printable(id)}  ${printable(database)}  ${formatTime(finishedAt)}  ${style.dim(why)}`,
    ),
    ...result.leftovers.map(({ label, why }) => `${style.red('leftover')}  ${printable(label)}  ${style.dim(why)}`),
    ...result.keep.map(
      ({ id, database, why }) =>
        `${style.green('keep')}    ${printable(id)}  ${printable(database)}  ${style.dim(why)}`,
    ),
    ...result.untouched.map(
      ({ label, why }) => `${style.yellow('left alone')}  ${printable(label)}  ${style.dim(why)}`,
    ),
    ...(result.failures ?? []).map(
      ({ label, reason }) => `${style.red('not deleted')}  ${printable(label)}: ${printable(reason)}`,
    ),
    ...(result.waits ?? []).map((why) => `${style.yellow('waits')}  ${printable(why)}`),
    ...(result.notes ?? []).map((note) => style.dim(printable(note))),
    ...(result.more > 0 ? [style.dim(`and ${result.more} more`)] : []),
    done
      ? `${plural(result.deleted ?? 0, 'backup')} deleted, ${formatBytes(result.bytes ?? 0)}`
      : `${plural(result.delete.length, 'backup')} would be deleted (${formatBytes(bytes)}), ${result.keep.length} kept${result.delete.length > 0 ? '; add --yes to do it' : ''}`,
  ]
}
