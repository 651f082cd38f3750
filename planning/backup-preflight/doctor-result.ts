import type { DoctorResult, Finding } from '../../contract/findings.ts'

/** Findings listed at most; the rest is counted. */
const MOST = 200
const ORDER: Record<Finding['level'], number> = { fatal: 0, warning: 1, info: 2 }

/** The worst first, bounded. `ok`: nothing fatal but what is to be ignored. */
export function doctorResult(
  findings: readonly Finding[],
  facts: Record<string, string>,
  ignore: readonly string[] = [],
): DoctorResult {
  const sorted = [...findings].sort((a, b) => ORDER[a.level] - ORDER[b.level])
  const ignored = new Set(ignore)
  return {
    ok: !sorted.some(({ level, code }) => level === 'fatal' && !ignored.has(code)),
    findings: sorted.slice(0, MOST),
    more: Math.max(0, sorted.length - MOST),
    facts,
  }
}
