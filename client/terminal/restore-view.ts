import type { RestorePlan, RestoreResult, RestoreStatus } from '../../contract/backup/restore-api.ts'
import type { RunningRestore } from '../restore-client.ts'
import { bar } from './bar.ts'
import { findingsView } from './findings-view.ts'
import { formatBytes, formatSeconds, formatTime, plural } from './format.ts'
import { jobLine, jobView } from './job-view.ts'
import { paintState } from './status-view.ts'
import { clip, printable, type Style } from './style.ts'

/** A restore that runs, as lines of at most `columns` columns. */
export function restoreView({ status, job }: RunningRestore, style: Style, columns: number): string[] {
  const lines = [
    `${style.bold(status.name)}  ${paintState(status.state, style)}  ${style.dim(`${status.backup ?? status.repository} → ${status.cluster}`)}`,
    `  ${bar(status.stepsTotal > 0 ? status.stepsDone / status.stepsTotal : 0, 32, style)} ${status.stepsDone} of ${plural(status.stepsTotal, 'step')}   ${style.dim(clip(printable(status.step), columns - 60))}`,
  ]
  if (job) lines.push(...jobView(job, style, columns))
  const over = ['finished', 'failed', 'cancelled'].includes(status.state)
  if (status.waiting && !over) lines.push(`  ${style.yellow(clip(`waits: ${printable(status.waiting)}`, columns - 2))}`)
  for (const where of status.where) lines.push(`  ${clip(printable(where), columns - 2)}`)
  for (const warning of status.warnings) lines.push(`  ${style.yellow(clip(printable(warning), columns - 2))}`)
  for (const left of status.left) lines.push(`  ${style.red('left behind')}  ${clip(printable(left), columns - 15)}`)
  if (status.state === 'ready') {
    lines.push('', `  ${style.bold('Look at it, then one of:')}`)
    lines.push(`    starferry restore publish ${status.name}`, `    starferry restore discard ${status.name}`)
  }
  return lines
}

export const restoreLine = ({ status, job }: RunningRestore) =>
  [
    status.name,
    status.state,
    `${status.stepsDone}/${status.stepsTotal}`,
    status.step,
    ...(job ? [jobLine(job)] : []),
    ...(status.waiting && status.state !== 'cancelled' ? [`waits: ${status.waiting}`] : []),
  ].join('  ')

export function restoreResultView(
  name: string,
  result: RestoreResult,
  style: Style,
  { state, step, left }: Pick<RestoreStatus, 'state' | 'step' | 'left'>,
): string[] {
  if (state === 'cancelled') {
    return [
      `${style.yellow('taken back')} ${style.bold(name)}  ${printable(step)}; ${left.length === 0 ? 'everything that it made was removed, live tables are as they were' : 'not all of it could be removed:'}`,
      ...left.map((each) => `  ${style.red(printable(each))}`),
    ]
  }
  return [
    result.ok
      ? `${style.green('restored')} ${style.bold(name)}  ${plural(result.tables, 'table')}, ${plural(result.partitions, 'partition')}, ${formatSeconds(result.seconds)}; ${printable(result.rowsChecked)}`
      : `${style.red('not restored')} ${style.bold(name)}`,
    ...result.where.map((where) => `  ${printable(where)}`),
    ...result.warnings.map((warning) => `  ${style.yellow(printable(warning))}`),
  ]
}

/** What a restore would do: where from, by which routes, every statement. */
export function restorePlanView(plan: RestorePlan, style: Style, columns: number): string[] {
  const { backup } = plan
  return [
    `${style.bold(backup.id)}  ${style.dim(`${backup.kind} of ${printable(backup.database || 'external catalogs')} on ${backup.cluster}, ${formatTime(backup.finishedAt)}`)}`,
    `  ${plural(plan.tables, 'table')}, ${plural(plan.partitions, 'partition')}${plan.bytes === undefined ? '' : `, ${formatBytes(plan.bytes)}`}, from ${plan.chain.join(', then ')}`,
    '',
    ...routesView(plan.routes, style, columns),
    ...(plan.notRestored.length > 0 ? [''] : []),
    ...plan.notRestored.map(
      ({ object, reason }) => `${style.yellow('not restored')} ${printable(object)}: ${printable(reason)}`,
    ),
    ...(plan.findings.length > 0 ? ['', ...findingsView(plan.findings, style)] : []),
  ]
}

/** The steps of a page, counted on from `first`. */
export function restoreStepsView(plan: RestorePlan, first: number, style: Style): string[] {
  return plan.steps.flatMap((step, i) => [
    `${style.dim(`${first + i + 1}.`)} ${printable(step.what)}${step.outage ? `  ${style.yellow(printable(step.outage))}` : ''}${step.final ? `  ${style.red('cannot be undone')}` : ''}`,
    ...(step.statement
      ? printable(step.statement)
          .split('\n')
          .map((line) => `     ${line}`)
      : []),
  ])
}

/** Objects that go the same way together: a database may hold thousands. */
function routesView(routes: RestorePlan['routes'], style: Style, columns: number): string[] {
  const groups = new Map<string, { first: RestorePlan['routes'][number]; objects: string[] }>()
  for (const route of routes) {
    const key = JSON.stringify([route.route, route.why, route.outage])
    const group = groups.get(key) ?? { first: route, objects: [] }
    group.objects.push(printable(route.object))
    groups.set(key, group)
  }
  return [...groups.values()].flatMap(({ first, objects }) => [
    `${style.cyan(first.route)}  ${printable(first.why)}`,
    `  ${clip(`${plural(objects.length, 'object')}: ${objects.slice(0, 50).join(', ')}`, columns - 2)}`,
    `  ${style.dim('outage of the name:')} ${printable(first.outage)}`,
  ])
}
