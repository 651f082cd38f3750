import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { InputError } from '../../../contract/check.ts'
import type { MigrationState, MigrationStatus, TablesAnswer } from '../../../contract/migration-api.ts'
import { notATable, TABLE_NAME } from '../../../contract/names.ts'
import type { Starferry } from '../../api.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, type Terminal, terminalFor, withStarferry } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { withJson, withTemporal } from '../../options.ts'
import { plural } from '../../terminal/format.ts'
import { printable } from '../../terminal/style.ts'

type Options = TemporalOptions & { json?: boolean; cancelJobs?: boolean; keepSettings?: boolean; wait?: boolean }

export function addControl(migrate: Command): void {
  const simple = (verb: string, summary: string) =>
    withTemporal(withJson(migrate.command(verb).summary(summary).argument('<NAME>', 'name of the migration')))

  simple('pause', 'start no new job; running ones are followed to their end')
    .argument('[TABLE...]', 'only these tables, `db.table`; otherwise all')
    .action((name: string, tables: string[], options: Options) =>
      tables.length > 0
        ? onTables(tables, options, 'paused', (starferry) => starferry.pauseTables(name, tables))
        : onAll(name, options, (starferry) => starferry.pause(name), ['pausing', 'paused'], pausedText),
    )
  simple('resume', 'go on after a pause')
    .argument('[TABLE...]', 'only these tables, `db.table`; otherwise all')
    .action((name: string, tables: string[], options: Options) =>
      tables.length > 0
        ? onTables(tables, options, 'resumed', (starferry) => starferry.resumeTables(name, tables))
        : onAll(
            name,
            options,
            (starferry) => starferry.resume(name),
            undefined,
            () => 'resumed',
          ),
    )
  simple('stop', 'end a migration; what was copied stays')
    .description(
      'Ends a migration. What was copied stays on the target. No new job starts; running jobs are followed to their end first, or cancelled on the target with --cancel-jobs. Changed cluster settings are put back.',
    )
    .option('--cancel-jobs', 'cancel running jobs on the target instead of following them')
    .option('--keep-settings', 'leave changed cluster settings as they are')
    .action((name: string, options: Options) => {
      const { cancelJobs, keepSettings } = options
      return onAll(
        name,
        options,
        (starferry) => starferry.stop(name, { cancelJobs, keepSettings }),
        ['stopping', 'stopped'],
        (status) => stoppedText(status, cancelJobs ?? false),
      )
    })
  simple('retry', 'try parked tables again now')
    .argument('<TABLE...>', 'tables, `db.table`')
    .action((name: string, tables: string[], options: Options) =>
      onTables(tables, options, 'tried again', (starferry) => starferry.retry(name, tables)),
    )
  simple('approve', 'allow what a table waits for, as `changes` shows it')
    .argument('<TABLE...>', 'tables, `db.table`')
    .action((name: string, tables: string[], options: Options) =>
      onTables(tables, options, 'approved', (starferry) => starferry.approve(name, tables)),
    )
}

/** Sends a signal and waits until the migration's answer shows it, a few seconds at most: a signal by itself says nothing. */
async function onAll(
  name: string,
  options: Options,
  act: (starferry: Starferry) => Promise<void>,
  expected: MigrationState[] | undefined,
  text: (status: MigrationStatus) => string,
): Promise<void> {
  const terminal = terminalFor(options)
  const status = await withStarferry(options, async (starferry) => {
    await act(starferry)
    if (!(await starferry.hasWorker())) {
      terminal.note(
        terminal.style.yellow(
          'No worker polls for work; this takes effect when one is started with `starferry worker`.',
        ),
      )
      return undefined
    }
    const deadline = Date.now() + 10_000
    for (;;) {
      const seen = await starferry.status(name)
      const done = expected ? expected.includes(seen.state) : !['pausing', 'paused'].includes(seen.state)
      if (done || Date.now() > deadline) return seen
      await sleep(200)
    }
  })
  if (status) show(terminal, status, () => [`${terminal.style.bold(name)}: ${text(status)}`])
}

function pausedText(status: MigrationStatus): string {
  const running = status.slots.used
  if (status.state === 'paused') return 'paused; nothing runs'
  if (status.state === 'pausing')
    return `pausing; nothing new starts, ${plural(running, 'running table')} followed to the end of the job`
  return `told to pause; it is ${status.state}${status.reason ? ` (${status.reason})` : ''}`
}

function stoppedText(status: MigrationStatus, cancelled: boolean): string {
  if (status.state === 'stopped') return 'stopped; nothing runs'
  if (status.state !== 'stopping') return `told to stop; it is ${status.state}`
  const running = plural(status.slots.used, 'running job')
  return cancelled
    ? `stopping; ${running} cancelled on the target`
    : `stopping; ${running} followed to the end (cancel with --cancel-jobs)`
}

/** Errors: InputError for what is no table's name, before anybody is asked. */
async function onTables(
  tables: string[],
  options: Options,
  word: string,
  act: (starferry: Starferry) => Promise<TablesAnswer>,
): Promise<void> {
  const wrong = tables.filter((table) => !TABLE_NAME.test(table))
  if (wrong.length > 0) throw new InputError('TABLE', wrong.map(notATable))
  const terminal: Terminal = terminalFor(options)
  const { style } = terminal
  const answer = await withStarferry(options, act)
  show(terminal, answer, () => [
    ...answer.accepted.map((table) => `${style.green(word)}  ${printable(table)}`),
    ...answer.rejected.map(
      ({ table, reason }) => `${style.red('not')} ${word}  ${printable(table)}: ${printable(reason)}`,
    ),
  ])
  if (answer.rejected.length > 0)
    throw new FailedCheck(`${plural(answer.rejected.length, 'table')} of ${tables.length} could not be ${word}`)
}
