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
    .option('--sql', 'show every statement, each whole')
    .option('--all', 'show what stays as it is, too')
  withTemporal(withJson(withSpec(command))).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { input } = readSpec(file, options)
    const items: PlanItem[] = []
    const tell = (item: PlanItem) => {
      if (terminal.json) items.push(item)
      else if (item.action !== 'keep' || options.all) {
        for (const line of planItemView(item, terminal.style, options.sql ?? false)) terminal.out(line)
      }
    }
    const findings = new Map<string, Finding>()
    const totals = await withStarferry(options, async (starferry) => {
      await tellOfMissingWorker(starferry, terminal)
      let last: PlanTotals
      let after: string | undefined
      let open: PlanItem | undefined
      do {
        const page = await starferry.plan({ spec: input, after, ...(options.sql ? { sql: true } : {}) })
        for (const finding of page.findings) findings.set(`${finding.code} ${finding.subject}`, finding)
        last = page.totals
        after = page.next
        for (const item of page.items) {
          if (item.continued && open) open = withMore(open, item)
          else {
            if (open) tell(open)
            open = item
          }
        }
      } while (after !== undefined)
      if (open) tell(open)
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

/** An item together with what goes on with it: its next statements, or the rest of its last one. */
function withMore(item: PlanItem, { continued, statements = [] }: PlanItem): PlanItem {
  const before = item.statements ?? []
  if (continued === 'statements') return { ...item, statements: [...before, ...statements] }
  const [rest = '', ...more] = statements
  return { ...item, statements: [...before.slice(0, -1), `${before.at(-1) ?? ''}${rest}`, ...more] }
}
