import type { BackupSetResult, PlannedBackup } from '../../contract/backup/backup-api.ts'
import type { RunningBackup } from '../backup-client.ts'
import { bar } from './bar.ts'
import { formatBytes, formatSeconds, plural } from './format.ts'
import { jobLine, jobView } from './job-view.ts'
import { paintState } from './status-view.ts'
import { clip, printable, type Style } from './style.ts'

/** A backup that runs, as lines of at most `columns` columns. */
export function backupView({ status, jobs, failing }: RunningBackup, style: Style, columns: number): string[] {
  const ratio = status.total > 0 ? status.done / status.total : 0
  const lines = [
    `${style.bold(status.name)}  ${paintState(status.state, style)}  ${style.dim(`${status.cluster} → ${status.repository}`)}`,
    `  ${bar(ratio, 32, style)} ${status.done} of ${plural(status.total, 'database')}   ${formatBytes(status.bytes)}`,
    ...(failing === undefined ? [] : [`  ${style.yellow(clip(printable(failing), columns - 2))}`]),
    ...jobs.flatMap((job) => jobView(job, style, columns)),
  ]
  for (const { database, reason } of status.failed.slice(0, 8))
    lines.push(`  ${style.red('failed')}  ${clip(`${printable(database)}: ${printable(reason)}`, columns - 10)}`)
  if (status.failed.length > 8) lines.push(style.dim(`  and ${status.failed.length - 8} more failed`))
  for (const warning of status.warnings.slice(0, 8))
    lines.push(`  ${style.yellow(clip(printable(warning), columns - 2))}`)
  return lines
}

export const backupLine = ({ status, jobs, failing }: RunningBackup) =>
  [
    status.name,
    status.state,
    `${status.done}/${status.total} databases`,
    ...(status.failed.length > 0 ? [`${status.failed.length} failed`] : []),
    ...(failing === undefined ? [] : [failing]),
    ...jobs.slice(0, 3).map(jobLine),
  ].join('  ')

/** What came of a backup. */
export function backupResultView(name: string, result: BackupSetResult, style: Style): string[] {
  const kinds = new Map<string, number>()
  for (const { kind } of result.backups) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  return [
    result.ok
      ? `${style.green('backed up')} ${style.bold(name)}  ${plural(result.databases, 'database')}, ${formatBytes(result.bytes)}, ${formatSeconds(result.seconds)}`
      : `${style.red('incomplete')} ${style.bold(name)}  ${result.failed.length} of ${plural(result.databases, 'database')} failed`,
    ...result.backups
      .slice(0, 50)
      .map(
        ({ id, database, kind, bytes, verified, chain, notIncluded, besides }) =>
          `  ${printable(database || '(catalogs)')}  ${kind}  ${style.dim(id || 'nothing new')}  ${bytes === undefined ? '' : formatBytes(bytes)}${chain > 1 ? `  chain of ${chain}` : ''}${verified ? `  verified: ${verified}` : ''}${leftOut(notIncluded, besides)}`,
      ),
    ...(result.backups.length > 50 || result.more > 0
      ? [
          style.dim(
            `  ${plural(result.databases, 'database')} in all: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
          ),
        ]
      : []),
    ...(result.backups.some(({ notIncluded, besides = 0 }) => notIncluded + besides > 0)
      ? [style.dim('  what is not in a backup, by name and reason: starferry backup show <BACKUP>')]
      : []),
    ...result.failed.map(({ database, reason }) => `  ${style.red(printable(database))}: ${printable(reason)}`),
    ...result.warnings.map((warning) => `  ${style.yellow(printable(warning))}`),
    ...(result.pruned
      ? [
          style.dim(
            `  retention: ${plural(result.pruned.backups, 'backup')} deleted (${formatBytes(result.pruned.bytes)}), ${result.pruned.kept} kept`,
          ),
        ]
      : []),
  ]
}

const leftOut = (objects: number, besides = 0) =>
  objects + besides === 0
    ? ''
    : `  not in it: ${[...(objects > 0 ? [plural(objects, 'object')] : []), ...(besides > 0 ? [`${besides} things that snapshots do not hold`] : [])].join(', ')}`

/** What a backup would do for one database. */
export function plannedBackupView(planned: PlannedBackup, style: Style): string[] {
  return [
    `${style.bold(printable(planned.database || '(external catalogs)'))}  ${style.cyan(planned.kind)}  ${style.dim(`${planned.why}; ${plural(planned.tables, 'table')}, ${plural(planned.partitions, 'partition')}, ${formatBytes(planned.bytes)}`)}`,
    ...planned.whole.map(({ table, why }) => style.dim(`  whole: ${printable(table)}: ${why}`)),
    ...planned.notIncluded.map(
      ({ object, reason }) => `  ${style.yellow('not included')} ${printable(object)}: ${printable(reason)}`,
    ),
    ...planned.warnings.map((warning) => `  ${style.yellow('warning')} ${printable(warning)}`),
    ...planned.statements.map((statement) => `  ${printable(statement)};`),
  ]
}
