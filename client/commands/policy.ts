import type { Client } from '@temporalio/client'
import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import type { BackupSetInput } from '../../contract/backup/backup-api.ts'
import { backupSetId, WORKFLOW_TYPES } from '../../contract/names.ts'
import type { TemporalOptions } from '../connection.ts'
import { show, type Terminal, terminalFor } from '../context.ts'
import { type ListedRun, listRuns, stateOf } from '../list-runs.ts'
import { mapping } from '../mapping.ts'
import { withJson, withTemporal } from '../options.ts'
import type { Policy } from '../policies.ts'
import { withoutTime } from '../scheduled-runs.ts'
import { formatTime, plural } from '../terminal/format.ts'
import { paintState } from '../terminal/status-view.ts'
import { printable, type Style } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

type Options = TemporalOptions & { json?: boolean; kind?: BackupSetInput['kind']; note?: string }
type Policies = typeof import('../policies.ts')

export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .summary('scheduled backups: apply, list, pause, trigger')
    .description(
      'Backup policies. Each is a Temporal Schedule, `policy/<name>`, that starts the backup `backup/<name>`; it can be seen, paused and triggered in the web interface as well.',
    )
  const on = (name: string, summary: string, argument?: [string, string]) => {
    const command = policy.command(name).summary(summary)
    if (argument) command.argument(...argument)
    return withTemporal(withJson(command))
  }
  const NAME: [string, string] = ['<NAME>', 'name of the policy']

  on('apply', 'make a policy, or make it be as in the file', [
    '<FILE>',
    'the policy as YAML; `-` reads standard input',
  ]).action(async (file: string, options: Options) => {
    const given = mapping(file)
    const { checkPolicy } = await import('../policies.ts')
    checkPolicy(given)
    return use(options, async (policies, client, terminal) => {
      const { policy: made, created } = await policies.putPolicy(client, given)
      show(terminal, made, () => [
        `${terminal.style.green(created ? 'made' : 'changed')} ${made.name}${nextOf(made, terminal.style)}`,
      ])
    })
  })
  on('list', 'all policies').action((options: Options) =>
    use(options, async (policies, client, terminal) => {
      const [all, last] = await Promise.all([policies.listPolicies(client), lastRuns(client)])
      const seen = all.map((policy) => ({ ...policy, last: last.get(policy.name) }))
      show(terminal, seen, () => policiesTable(seen, terminal.style, terminal.columns))
    }),
  )
  on('show', 'one policy: what it does, when it ran, when it runs next', NAME).action(
    (name: string, options: Options) =>
      use(options, async (policies, client, terminal) => {
        const [one, last] = await Promise.all([policies.showPolicy(client, name), lastRuns(client)])
        const seen = { ...one, last: last.get(name) }
        show(terminal, seen, () => policyView(seen, terminal.style))
      }),
  )
  on('pause', 'start nothing any more; what runs goes on', NAME)
    .option('--note <text>', 'why')
    .action((name: string, options: Options) =>
      use(options, async (policies, client, terminal) => {
        const one = await policies.pausePolicy(client, name, options.note)
        show(terminal, one, () => [`${terminal.style.yellow('paused')} ${name}`])
      }),
    )
  on('resume', 'go on after a pause', NAME).action((name: string, options: Options) =>
    use(options, async (policies, client, terminal) => {
      const one = await policies.resumePolicy(client, name)
      show(terminal, one, () => [`${terminal.style.green('resumed')} ${name}${nextOf(one, terminal.style)}`])
    }),
  )
  on('trigger', 'back up now, paused or not', NAME)
    .addOption(new Option('--kind <kind>', 'full, also where none is due').choices(['auto', 'full', 'incremental']))
    .action((name: string, options: Options) =>
      use(options, async (policies, client, terminal) => {
        const workflowId = await policies.triggerPolicy(client, name, options.kind)
        show(terminal, { name, workflowId }, () => [
          `${terminal.style.green('started')} ${name}  ${terminal.style.dim(`watch it: starferry backup status ${name} --watch`)}`,
        ])
      }),
    )
  on('delete', 'remove the policy; its backups stay', NAME).action((name: string, options: Options) =>
    use(options, async (policies, client, terminal) => {
      await policies.deletePolicy(client, name)
      show(terminal, { name, deleted: true }, () => [`${terminal.style.yellow('deleted')} ${name}; its backups stay`])
    }),
  )
}

async function use(
  options: Options,
  act: (policies: Policies, client: Client, terminal: Terminal) => Promise<void>,
): Promise<void> {
  const [policies, { connectTemporal }] = await Promise.all([import('../policies.ts'), import('../connection.ts')])
  const connected = await connectTemporal(options)
  try {
    await act(policies, connected.client, terminalFor(options))
  } finally {
    await connected.close()
  }
}

type Seen = Policy & { last?: ListedRun }

/** The newest backup of each policy, by schedule or by hand. */
async function lastRuns(client: Client): Promise<Map<string, ListedRun>> {
  const runs = await listRuns(client, WORKFLOW_TYPES.backupSet, backupSetId(''))
  return new Map(runs.reverse().map((run) => [withoutTime(run.name), run]))
}

const nextOf = ({ next: [next], paused }: Policy, style: Style) =>
  style.dim(paused ? '  paused' : next ? `  next ${formatTime(next)}` : '')

function policiesTable(policies: readonly Seen[], style: Style, columns: number): string[] {
  if (policies.length === 0) return [style.dim('no policies')]
  return table<Seen>(
    [
      { title: 'POLICY', value: (each) => each.name },
      { title: 'CLUSTER', value: (each) => each.spec.cluster },
      { title: 'REPOSITORY', value: (each) => each.spec.repository },
      {
        title: 'STATE',
        value: (each) => (runs(each) ? 'running' : each.paused ? 'paused' : 'waiting'),
        paint: (text, each) => (runs(each) ? style.cyan(text) : each.paused ? style.yellow(text) : text),
      },
      { title: 'LAST', value: ({ last }) => (last ? formatTime(last.startedAt) : '') },
      {
        title: 'RESULT',
        value: ({ last }) => (last && last.execution !== 'RUNNING' ? stateOf(last) : ''),
        paint: (text, { last }) => (last && stateOf(last) === 'finished' ? style.green(text) : style.red(text)),
      },
      { title: 'NEXT', value: (each) => (each.paused || !each.next[0] ? '' : formatTime(each.next[0])) },
      { title: 'SCHEDULE', value: scheduleText, flexible: true },
    ],
    policies,
    style,
    columns,
  )
}

const runs = ({ running, last }: Seen) => running.length > 0 || last?.execution === 'RUNNING'

function scheduleText({ spec: { schedule } }: Policy): string {
  const { cron, everyMinutes, timeZone } = schedule
  return cron === undefined ? `every ${everyMinutes} min` : `${[cron].flat().join(' | ')} ${timeZone}`
}

function policyView(policy: Seen, style: Style): string[] {
  return [
    `${style.bold(policy.name)}${nextOf(policy, style)}${policy.note ? `  ${style.dim(printable(policy.note))}` : ''}`,
    ...policy.running.map((id) => `${style.cyan('running')}  ${id}`),
    ...(policy.last
      ? [`${style.dim('last')}     ${formatTime(policy.last.startedAt)}  ${paintState(stateOf(policy.last), style)}`]
      : []),
    ...policy.recent
      .slice(0, 10)
      .map(({ at, workflowId }) => `${style.dim('ran')}      ${formatTime(at)}  ${workflowId}`),
    ...(policy.skipped + policy.missed > 0
      ? [
          style.yellow(
            `${plural(policy.skipped, 'run')} skipped because one was still running, ${policy.missed} missed`,
          ),
        ]
      : []),
    '',
    ...stringify(policy.spec).trimEnd().split('\n'),
  ]
}
