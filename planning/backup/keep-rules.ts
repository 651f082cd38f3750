import type { Retention } from '../../contract/backup/policy.ts'
import { createCalendar, type Periods } from './calendar.ts'

const DAY_MS = 86_400_000

/** Backups of one series, newest first. */
export interface Dated {
  id: string
  /** ISO. */
  finishedAt: string
}

/** Without any rule nothing is ever deleted. */
export function hasRules(rules: Retention): boolean {
  const { last, days, daily, weekly, monthly, yearly } = rules
  return last !== undefined || days !== undefined || daily + weekly + monthly + yearly > 0
}

/**
 * Which of a series the rules keep, and by which of them: their union. `series` newest first; `now` in milliseconds. A backup whose time cannot be
 * read is kept.
 */
export function keptByRules(
  series: readonly Dated[],
  rules: Retention,
  now: number,
  timeZone: string,
): Map<string, string> {
  const kept = new Map<string, string>()
  const keep = (id: string, why: string) => {
    if (!kept.has(id)) kept.set(id, why)
  }
  const { last = 0, days } = rules
  for (const { id } of series.slice(0, last)) keep(id, last === 1 ? 'the last' : `one of the last ${last}`)
  for (const { id, finishedAt } of series) {
    const at = Date.parse(finishedAt)
    if (Number.isNaN(at)) keep(id, `its time '${finishedAt}' cannot be read`)
    else if (days !== undefined && now - at <= days * DAY_MS)
      keep(id, `younger than ${days} ${days === 1 ? 'day' : 'days'}`)
  }
  const calendar = createCalendar(timeZone)
  const dated = series.flatMap(({ id, finishedAt }) => {
    const at = Date.parse(finishedAt)
    return Number.isNaN(at) ? [] : [{ id, periods: calendar(at) }]
  })
  for (const [rule, period] of GENERATIONS) {
    const seen = new Set<string>()
    for (const { id, periods } of dated) {
      if (seen.size >= rules[rule]) break
      const key = periods[period]
      if (seen.has(key)) continue
      seen.add(key)
      keep(id, `the newest of ${period === 'day' ? '' : `the ${period} `}${key}`)
    }
  }
  return kept
}

const GENERATIONS: readonly ['daily' | 'weekly' | 'monthly' | 'yearly', keyof Periods][] = [
  ['daily', 'day'],
  ['weekly', 'week'],
  ['monthly', 'month'],
  ['yearly', 'year'],
]
