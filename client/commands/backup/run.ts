import type { Client } from '@temporalio/client'
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
    differential?: boolean
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
    .option('--differential', 'against the last full one, the default')
    .option('--incremental [how]', 'against the last full one (differential), or the last backup (incremental)')
    .option('--full', 'a full one, also where none is due')
    .option('--parallel <n>', 'databases at once', count)
    .option('--timeout <seconds>', 'that StarRocks gives a job; at least 600', count)
    .option('--ignore <code>', 'a fatal finding to go on in spite of; several times', severally)
    .option('--plan', 'show what it would do and send instead, very long statements cut; changes nothing')
    .option('--watch', 'show progress until it ends')
    .option('--interval <seconds>', 'seconds between looks, with --watch', seconds, 1)
  withTemporal(withJson(command)).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { kind, how } = kindOf(options)
    const flags = { ...options, incremental: how }
    if (options.fromPolicy) onlyHow(command, file)
    const given = options.fromPolicy ? undefined : backupSpecOf(file, flags)
    await withBackups(options, async (backups, { client }) => {
      const spec = given ?? {
        ...(await policyOf(client, options.fromPolicy ?? '')),
        ...(how ? { incremental: how } : {}),
      }
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

const HOWS = ['differential', 'incremental'] as const

/** `--differential` is short for `--incremental differential`. Errors: InputError. */
function kindOf({ full, differential, incremental }: Options) {
  const given = [full && '--full', differential && '--differential', incremental && '--incremental'].filter(Boolean)
  if (given.length > 1)
    throw new InputError('backup run', [`give ${given.join(' or ')}, not ${given.length > 2 ? 'all' : 'both'}`])
  const how = differential ? 'differential' : HOWS.find((each) => each === incremental)
  if (typeof incremental === 'string' && how === undefined)
    throw new InputError('--incremental', [`'${incremental}' is neither differential nor incremental`])
  return { kind: full ? 'full' : differential || incremental ? 'incremental' : 'auto', how } as const
}

/** Beside --from-policy. */
const WITH_POLICY = new Set(['full', 'differential', 'incremental', 'plan', 'watch', 'interval', 'json'])

/** What a policy says itself is not amended: part of it under its name would pass for the whole. Errors: InputError. */
function onlyHow(command: Command, file: string | undefined): void {
  const given = command.options.filter((option) => {
    const key = option.attributeName()
    if (key === 'fromPolicy' || option.helpGroupHeading !== undefined || WITH_POLICY.has(key)) return false
    return command.getOptionValueSource(key) === 'cli'
  })
  const besides = [...(file === undefined ? [] : [file]), ...given.map(({ long }) => long)]
  if (besides.length > 0)
    throw new InputError('backup run', [
      `a policy says what to back up: give --from-policy alone, without ${besides.join(', ')}; or all of it as flags or a FILE`,
    ])
}

async function policyOf(client: Client, name: string): Promise<PolicySpec> {
  const { showPolicy } = await import('../../policies.ts')
  return (await showPolicy(client, name)).spec
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
