import { type Command, Option } from 'commander'
import type { BackupPlan } from '../../../contract/backup/backup-api.ts'
import type { BackupSpec, PolicySpec } from '../../../contract/backup/policy.ts'
import { InputError } from '../../../contract/check.ts'
import type { BackupClient } from '../../backup-client.ts'
import { withBackups } from '../../backup-context.ts'
import { type BackupFlags, backupSpecOf } from '../../backup-spec.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, type Terminal, terminalFor, untilInterrupted } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { count, seconds, severally, wholeNumber, withJson, withTemporal } from '../../options.ts'
import { plannedBackupView } from '../../terminal/backup-view.ts'
import { findingsView } from '../../terminal/findings-view.ts'
import { tellOfMissingWorker } from '../doctor.ts'
import { watchBackup } from './watch.ts'

type Options = TemporalOptions &
  BackupFlags & {
    json?: boolean
    full?: boolean
    plan?: boolean
    watch?: boolean
    interval: number
    fromPolicy?: string
  }

export function addRun(backup: Command): void {
  const command = backup
    .command('run')
    .summary('back up now')
    .description(
      'Backs up now and leaves it to the worker; it goes on whatever becomes of this command. What to back up: flags, a file, or a policy.',
    )
    .argument('[FILE]', 'a backup or a policy as YAML; flags amend it')
    .option('--from-policy <name>', 'back up what this policy does')
    .option('--name <name>', 'what the backup is called; manual-CLUSTER unless given')
    .option('--cluster <name>', "cluster, as the worker's configuration names it")
    .option('--repository <name>', "repository, as the worker's configuration names it")
    .option('--database <pattern>', 'database, globs allowed; several times', severally)
    .option(
      '--table <db.table>',
      'only these tables, views, materialized views; globs allowed; several times',
      severally,
    )
    .option('--exclude <pattern>', 'not these: `db` or `db.table`; several times', severally)
    .option('--partition <pattern>', 'only partitions of these names, globs allowed; several times', severally)
    .option('--newest-partitions <n>', 'only the newest so many of each range-partitioned table', count)
    .option('--closed-partitions', 'only range partitions whose upper end has passed')
    .option('--partition-of-day <n>', 'only range partitions of that day: -1 is yesterday', wholeNumber)
    .addOption(
      new Option('--materialized-views <how>', 'with their rows, as DDL, or not').choices([
        'data',
        'definition',
        'none',
      ]),
    )
    .option('--no-views', 'leave logical views out')
    .option('--no-functions', 'leave functions out')
    .option('--function <db.function>', 'of the functions only these, globs allowed; several times', severally)
    .option(
      '--only <kind>',
      'only tables, materializedViews, views or functions of what is chosen; several times',
      severally,
    )
    .option('--catalog <pattern>', 'external catalogs, globs allowed; several times', severally)
    .option('--incremental [how]', 'against the last full one (differential), or the last backup (incremental)')
    .option('--full', 'a full one, also where none is due')
    .option('--parallel <n>', 'databases at once', count)
    .option('--timeout <seconds>', 'that StarRocks gives a job; at least 600', count)
    .option('--ignore <code>', 'a fatal finding to go on in spite of; several times', severally)
    .option('--plan', 'show every statement instead; changes nothing')
    .option('--watch', 'show progress until it ends')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    if (options.full && options.incremental)
      throw new InputError('backup run', ['give --full or --incremental, not both'])
    const { incremental: how } = options
    if (typeof how === 'string' && how !== 'differential' && how !== 'incremental')
      throw new InputError('--incremental', [`'${how}' is neither differential nor incremental`])
    const kind = options.full ? 'full' : options.incremental ? 'incremental' : 'auto'
    if (options.fromPolicy && (file !== undefined || options.cluster !== undefined))
      throw new InputError('backup run', ['a policy says what to back up: give --from-policy alone'])
    const given = options.fromPolicy ? undefined : backupSpecOf(file, options)
    await withBackups(options, async (backups, { client }) => {
      const spec =
        given ?? (await (await import('../../policies.ts')).showPolicy(client, options.fromPolicy ?? '')).spec
      const { whyNotOfKind } = await import('../../../contract/backup/policy.ts')
      const wrong = whyNotOfKind({ incremental: 'differential', ...spec }, kind)
      if (wrong !== undefined) throw new InputError('backup run', [wrong])
      await tellOfMissingWorker(backups, terminal)
      if (options.plan) return printPlan(backups, terminal, { spec, kind })
      const workflowId = await backups.start({ spec: spec as BackupSpec | PolicySpec, kind })
      if (!options.watch || !terminal.json)
        show(terminal, { name: spec.name, workflowId }, () => [
          `${terminal.style.green('started')} ${spec.name}  ${terminal.style.dim(`${spec.cluster} → ${spec.repository}, workflow ${workflowId}`)}`,
        ])
      if (options.watch) await watchBackup(backups, spec.name, terminal, options.interval, untilInterrupted())
      else if (!terminal.json)
        terminal.note(terminal.style.dim(`watch it: starferry backup status ${spec.name} --watch`))
    })
  })
}

async function printPlan(
  backups: BackupClient,
  terminal: Terminal,
  input: Parameters<BackupClient['plan']>[0],
): Promise<void> {
  const whole: BackupPlan = { findings: [], databases: [] }
  let after: string | undefined
  do {
    const page = await backups.plan({ ...input, after })
    whole.findings.push(...page.findings)
    if (terminal.json) whole.databases.push(...page.databases)
    else
      for (const each of page.databases) for (const line of plannedBackupView(each, terminal.style)) terminal.out(line)
    after = page.next
  } while (after !== undefined)
  show(terminal, whole, () => (whole.findings.length > 0 ? ['', ...findingsView(whole.findings, terminal.style)] : []))
  if (whole.findings.some(({ level }) => level === 'fatal'))
    throw new FailedCheck('something fatal is in the way: the backup would not start')
}
