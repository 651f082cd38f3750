import type { Command } from 'commander'
import { WORKFLOW_TYPES } from '../../contract/names.ts'
import type { TemporalOptions } from '../connection.ts'
import { show, terminalFor, withStarferry } from '../context.ts'
import { type ListedRun, listRuns } from '../list-runs.ts'
import { withJson, withTemporal } from '../options.ts'
import { backupView } from '../terminal/backup-view.ts'
import { formatTime } from '../terminal/format.ts'
import { restoreView } from '../terminal/restore-view.ts'
import { statusView } from '../terminal/status-view.ts'
import { printable } from '../terminal/style.ts'

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .summary('everything that runs now')
    .description(
      'Migrations, backups and restores that run now: how far they are, and what they wait for; also retention that deletes, verifications, checks of repositories, and backups of single databases.',
    )
  withTemporal(withJson(command)).action(async (options: TemporalOptions & { json?: boolean }) => {
    const terminal = terminalFor(options)
    const { style, columns } = terminal
    // Loaded when needed: Temporal's client takes longer to load than most commands to run.
    const [{ BackupClient }, { RestoreClient }, { otherRuns }] = await Promise.all([
      import('../backup-client.ts'),
      import('../restore-client.ts'),
      import('../other-runs.ts'),
    ])
    const seen = await withStarferry(options, async (starferry, { client }) => {
      const [backups, restores] = [new BackupClient(client), new RestoreClient(client)]
      const of = async <T>(type: string, prefix: string, ask: (name: string) => Promise<T>) =>
        Promise.all((await listRuns(client, type, prefix, true)).map((run) => one(run, ask)))
      const sets = await listRuns(client, WORKFLOW_TYPES.backupSet, 'backup/', true)
      return {
        migrations: await of(WORKFLOW_TYPES.migrate, 'migrate/', (name) => starferry.status(name)),
        backups: await Promise.all(sets.map((run) => one(run, (name) => backups.status(name)))),
        restores: await of(WORKFLOW_TYPES.restore, 'restore/', (name) => restores.status(name)),
        others: await otherRuns(client, new Set(sets.map(({ workflowId }) => workflowId))),
      }
    })
    show(terminal, seen, () => {
      const lines = [
        ...seen.migrations.flatMap((each) =>
          'error' in each ? failed('migration', each) : statusView(each.status, style, columns),
        ),
        ...seen.backups.flatMap((each) =>
          'error' in each ? failed('backup', each) : backupView(each.status, style, columns),
        ),
        ...seen.restores.flatMap((each) =>
          'error' in each ? failed('restore', each) : restoreView(each.status, style, columns),
        ),
        ...seen.others.map(
          ({ what, workflowId, startedAt, doing }) =>
            `${style.bold(what)}  ${printable(workflowId)}  ${style.dim(`since ${formatTime(startedAt)}`)}${doing ? `  ${printable(doing)}` : ''}`,
        ),
      ]
      return lines.length > 0 ? lines : [style.dim('nothing runs')]
    })
    function failed(what: string, { name, error }: { name: string; error: string }): string[] {
      return [`${style.bold(name)}  ${style.yellow(`${what}: ${printable(error)}`)}`]
    }
  })
}

/** One that cannot be asked must not hide the others. */
async function one<T>(
  { name }: ListedRun,
  ask: (name: string) => Promise<T>,
): Promise<{ name: string; status: T } | { name: string; error: string }> {
  try {
    return { name, status: await ask(name) }
  } catch (error) {
    return { name, error: error instanceof Error ? error.message : String(error) }
  }
}
