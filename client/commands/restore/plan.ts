import type { Command } from 'commander'
import type { RestorePlan } from '../../../contract/backup/restore-api.ts'
import type { RestoreSpec } from '../../../contract/backup/restore-spec.ts'
import { withRestores } from '../../backup-context.ts'
import type { TemporalOptions } from '../../connection.ts'
import { type Terminal, terminalFor } from '../../context.ts'
import { FailedCheck } from '../../errors.ts'
import { withJson, withTemporal } from '../../options.ts'
import type { RestoreClient } from '../../restore-client.ts'
import { type RestoreFlags, restoreSpecOf } from '../../restore-spec.ts'
import { restorePlanView, restoreStepsView } from '../../terminal/restore-view.ts'
import { tellOfMissingWorker } from '../doctor.ts'
import { withRestoreFlags } from './flags.ts'

export function addPlan(restore: Command): void {
  const command = withRestoreFlags(
    restore
      .command('plan')
      .summary('show every statement of a restore in order; changes nothing')
      .description(
        'Shows by which route each object would be restored, why, how long its name is unavailable, and every statement in order. Changes nothing.',
      ),
  )
  withTemporal(withJson(command)).action(
    async (file: string | undefined, options: TemporalOptions & RestoreFlags & { json?: boolean }) => {
      const terminal = terminalFor(options)
      const { spec } = restoreSpecOf(file, options)
      await withRestores(options, async (restores) => {
        await tellOfMissingWorker(restores, terminal)
        await printRestorePlan(restores, spec, terminal)
      })
    },
  )
}

/** All pages of the plan. Errors: FailedCheck when something fatal is in the way. */
export async function printRestorePlan(restores: RestoreClient, spec: RestoreSpec, terminal: Terminal): Promise<void> {
  let first: RestorePlan | undefined
  let shown = 0
  let next: number | undefined
  do {
    const page = await restores.plan({ spec, next })
    if (terminal.json) {
      if (first) first.steps.push(...page.steps)
    } else {
      const lines = first ? [] : [...restorePlanView(page, terminal.style, terminal.columns), '']
      for (const line of [...lines, ...restoreStepsView(page, shown, terminal.style)]) terminal.out(line)
    }
    first ??= page
    shown += page.steps.length
    next = page.next
  } while (next !== undefined)
  if (terminal.json) terminal.out(JSON.stringify({ ...first, next: undefined }))
  if (first.findings.some(({ level }) => level === 'fatal'))
    throw new FailedCheck('something fatal is in the way: the restore would not start')
}
