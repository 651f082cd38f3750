import type { PlanItem, PlanTotals } from '../../contract/plan.ts'
import { formatBytes, plural } from './format.ts'
import { printable, type Style } from './style.ts'

const SIGNS: Record<PlanItem['action'], string> = {
  create: '+',
  alter: '~',
  recreate: '-/+',
  drop: '-',
  replicate: '→',
  refuse: '×',
  set: '*',
  keep: ' ',
}

/** One object's part of a plan: what, why, and the statements. What destroys is red. */
export function planItemView(item: PlanItem, style: Style, withStatements: boolean): string[] {
  const paint = painter(item, style)
  const target = item.targetName && item.targetName !== item.object ? ` → ${printable(item.targetName)}` : ''
  const size =
    item.partitions === undefined
      ? ''
      : style.dim(`  ${plural(item.partitions, 'partition')}, ${formatBytes(item.bytes ?? 0)}`)
  const approval = item.needsApproval ? style.red('  needs approval') : ''
  const lines = [
    `${paint(SIGNS[item.action].padStart(4))} ${paint(item.action.padEnd(9))} ${item.kind.padEnd(17)} ${printable(item.object)}${target}${size}${approval}`,
  ]
  if (item.reason) lines.push(`${' '.repeat(15)}${paint(printable(item.reason))}`)
  if (withStatements || item.needsApproval) {
    for (const statement of item.statements ?? []) lines.push(`${' '.repeat(15)}${style.dim(printable(statement))}`)
  }
  return lines
}

export function planTotalsView(totals: PlanTotals, style: Style): string[] {
  const { tables, create, alter, recreate, drop, refuse, needsApproval } = totals
  const loss = (count: number, word: string) => (count > 0 ? style.red(`${count} to ${word}`) : `${count} to ${word}`)
  return [
    `${style.bold(plural(tables, 'table'))}: ${create} to create, ${alter} to alter, ${loss(recreate, 'recreate')}, ${loss(drop, 'drop')}, ${
      refuse > 0 ? style.yellow(`${refuse} refused`) : '0 refused'
    }`,
    `to copy: ${plural(totals.replicateTables, 'table')}, ${plural(totals.replicatePartitions, 'partition')}, ${formatBytes(totals.replicateBytes)}`,
    ...(needsApproval > 0 ? [style.red(`${plural(needsApproval, 'object')} would wait for approval`)] : []),
  ]
}

function painter(item: PlanItem, style: Style): (text: string) => string {
  if (item.action === 'drop' || item.action === 'recreate') return style.red
  if (item.action === 'refuse') return style.yellow
  if (item.action === 'create') return style.green
  if (item.action === 'keep') return style.dim
  return style.cyan
}
