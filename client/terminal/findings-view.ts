import type { Finding } from '../../contract/findings.ts'
import { printable, type Style } from './style.ts'

const ORDER: Finding['level'][] = ['fatal', 'warning', 'info']

/** Findings, the worst first, each with what to do about it. */
export function findingsView(findings: readonly Finding[], style: Style): string[] {
  const sorted = [...findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level))
  return sorted.flatMap((finding) => [
    `${paint(finding.level, style)} ${style.bold(printable(finding.subject))}: ${printable(finding.message)}  ${style.dim(`[${finding.code}]`)}`,
    ...(finding.remedy ? [`        → ${printable(finding.remedy)}`] : []),
  ])
}

function paint(level: Finding['level'], style: Style): string {
  const text = level.padEnd(7)
  if (level === 'fatal') return style.red(text)
  return level === 'warning' ? style.yellow(text) : style.dim(text)
}
