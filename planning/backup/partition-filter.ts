import type { PartitionFilter } from '../../contract/backup/objects.ts'
import { expandBraces, globMatcher } from '../glob.ts'

/** A partition's name, and the bounds of its first column where it is one of a range. `max`: open upwards. */
export interface FilteredPartition {
  name: string
  lower?: string
  upper?: string | 'max'
}

export interface FilterOutcome {
  names: string[]
  /** A condition that cannot be judged here, and so was not applied. */
  ignored?: string
}

/**
 * Which partitions a filter takes; all given conditions must hold. What needs ranges of time is not applied to a table that has none: it is
 * taken whole rather than silently not at all. `now`: `YYYY-MM-DD HH:MM:SS` in the policy's time zone.
 */
export function filterPartitions(
  partitions: readonly FilteredPartition[],
  filter: PartitionFilter,
  now: string,
): FilterOutcome {
  let taken = [...partitions]
  const ignored: string[] = []
  if (filter.names) {
    const matches = filter.names.flatMap(expandBraces).map(globMatcher)
    taken = taken.filter(({ name }) => matches.some((match) => match(name)))
  }
  const ranges = partitions.length > 0 && partitions.every(({ lower }) => lower !== undefined)
  const times = ranges && partitions.every(isOfTime)
  if (filter.ofDay !== undefined) {
    const day = addDays(now.slice(0, 10), filter.ofDay)
    const next = addDays(now.slice(0, 10), filter.ofDay + 1)
    if (times) taken = taken.filter((one) => lowerTime(one) < `${next} 00:00:00` && upperTime(one) > `${day} 00:00:00`)
    else ignored.push('ofDay needs partitions by ranges of time')
  }
  if (filter.closed) {
    if (times) taken = taken.filter((one) => upperTime(one) <= now)
    else ignored.push('closed needs partitions by ranges of time')
  }
  if (filter.newest !== undefined) {
    if (ranges) taken = newest(taken, filter.newest, times ? now : undefined)
    else ignored.push('newest needs partitions by ranges')
  }
  return { names: taken.map(({ name }) => name), ...(ignored.length > 0 ? { ignored: ignored.join('; ') } : {}) }
}

/** Partitions that were made ahead of their time hold nothing yet, and are not the newest. */
function newest(partitions: readonly FilteredPartition[], count: number, now: string | undefined): FilteredPartition[] {
  return partitions
    .filter((one) => now === undefined || lowerTime(one) <= now)
    .sort((a, b) => compareBounds(b, a, now !== undefined))
    .slice(0, count)
}

function compareBounds(a: FilteredPartition, b: FilteredPartition, times: boolean): number {
  if (times) return lowerTime(a) < lowerTime(b) ? -1 : lowerTime(a) > lowerTime(b) ? 1 : 0
  const [x, y] = [a.lower ?? '', b.lower ?? '']
  const whole = /^-?\d+$/
  if (!whole.test(x) || !whole.test(y)) return x < y ? -1 : x > y ? 1 : 0
  const [m, n] = [BigInt(x), BigInt(y)]
  return m < n ? -1 : m > n ? 1 : 0
}

const isOfTime = ({ lower, upper }: FilteredPartition) =>
  (lower === undefined || asTime(lower) !== undefined) && (upper === 'max' || asTime(upper ?? '') !== undefined)

const FIRST = '0000-01-01 00:00:00'
const LAST = '9999-12-31 23:59:60'

const lowerTime = ({ lower }: FilteredPartition) => asTime(lower ?? '') ?? FIRST
const upperTime = ({ upper }: FilteredPartition) => (upper === 'max' ? LAST : (asTime(upper ?? '') ?? LAST))

/** `2024-01-31`, `2024-01-31 10:00:00[.000]`, and days as numbers: `20240131`. Undefined for what is no time. The lowest value of each type is one. */
function asTime(text: string): string | undefined {
  const date = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.\d+)?)?$/.exec(text)
  if (date) return `${date[1]} ${date[2] ?? '00:00:00'}`
  const number = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (number && isDay(number[2] ?? '', number[3] ?? '')) return `${number[1]}-${number[2]}-${number[3]} 00:00:00`
  return text === '-2147483648' || text === '-9223372036854775808' ? FIRST : undefined
}

const isDay = (month: string, day: string) => month >= '01' && month <= '12' && day >= '01' && day <= '31'

export function addDays(day: string, days: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10)
}
