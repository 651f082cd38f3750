import type { Command } from 'commander'
import type { Finding } from '../../contract/findings.ts'
import type { PlanItem, PlanTotals } from '../../contract/plan.ts'
import type { TemporalOptions } from '../connection.ts'
import { terminalFor, withStarferry } from '../context.ts'
import { FailedCheck } from '../errors.ts'
import { withJson, withSpec, withTemporal } from '../options.ts'
import { readSpec, type SpecOptions } from '../spec-file.ts'
import { findingsView } from '../terminal/findings-view.ts'
import { planItemView, planTotalsView } from '../terminal/plan-view.ts'
import { tellOfMissingWorker } from './doctor.ts'

type Options = TemporalOptions & SpecOptions & { json?: boolean; sql?: boolean; all?: boolean }

export function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .summary('show what a migration would do; changes nothing')
    .description(
      'Shows what a migration would create, alter, drop, copy and refuse, and which settings it would change. Changes nothing.',
    )
    .option('--sql', 'show every statement')
    .option('--all', 'show what stays as it is, too')
  withTemporal(withJson(withSpec(command))).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { input } = readSpec(file, options)
    const items: PlanItem[] = []
    const findings = new Map<string, Finding>()
    const totals = await withStarferry(options, async (starferry) => {
      await tellOfMissingWorker(starferry, terminal)
      let last: PlanTotals
      let after: string | undefined
      do {
        const page = await starferry.plan({ spec: input, after })
        for (const finding of page.findings) findings.set(`${finding.code} ${finding.subject}`, finding)
        last = page.totals
        after = page.next
        if (terminal.json) items.push(...page.items)
        else {
          for (const item of page.items) {
            if (item.action === 'keep' && !options.all) continue
            for (const line of planItemView(item, terminal.style, options.sql ?? false)) terminal.out(line)
          }
        }
      } while (after !== undefined)
      return last
    })
    const found = [...findings.values()]
    if (terminal.json) terminal.out(JSON.stringify({ items, totals, findings: found }))
    else {
      terminal.out('')
      for (const line of planTotalsView(totals, terminal.style)) terminal.out(line)
      if (found.length > 0) for (const line of ['', ...findingsView(found, terminal.style)]) terminal.out(line)
    }
    if (found.some((finding) => finding.level === 'fatal')) throw new FailedCheck()
  })
}
