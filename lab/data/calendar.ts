import type { LabValue } from '../model.ts'
import { LabDataError } from './errors.ts'

/** Dates are read as UTC: the lab's clusters have no time zone of their own. */
export function parseTime(text: string): Date {
  const parts = /^(\d{4})-?(\d{1,2})-?(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?/.exec(text.trim())
  if (!parts) throw new LabDataError(`Invalid date value: ${text}`)
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0))
  const time = new Date(0)
  // Date.UTC() would take the years 0 to 99 for 1900 to 1999.
  time.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day ?? 1)
  time.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0)
  return time
}

/** `YYYY-MM-DD HH:MM:SS`. */
export function formatTime(time: Date): string {
  return time.toISOString().replace('T', ' ').slice(0, 19)
}

/** Start of the unit that holds the time: date_trunc(). Weeks start on Monday. */
export function truncateTime(unit: string, time: Date): Date {
  const at = new Date(time)
  const name = unit.toLowerCase()
  if (name === 'year') at.setUTCMonth(0, 1)
  else if (name === 'quarter') at.setUTCMonth(at.getUTCMonth() - (at.getUTCMonth() % 3), 1)
  else if (name === 'month') at.setUTCDate(1)
  else if (name === 'week') at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7))
  else if (name === 'hour') return new Date(at.setUTCMinutes(0, 0, 0))
  else if (name === 'minute') return new Date(at.setUTCSeconds(0, 0))
  else if (name === 'second') return new Date(at.setUTCMilliseconds(0))
  else if (name !== 'day')
    throw new LabDataError(
      `date_trunc function can't support argument other than year|quarter|month|week|day|hour|minute|second`,
    )
  return new Date(at.setUTCHours(0, 0, 0, 0))
}

/** A time so many units later; negative amounts go back. */
export function addTime(time: Date, amount: number, unit: string): Date {
  const at = new Date(time)
  const name = unit.toLowerCase()
  if (name === 'year') at.setUTCFullYear(at.getUTCFullYear() + amount)
  else if (name === 'quarter') at.setUTCMonth(at.getUTCMonth() + 3 * amount)
  else if (name === 'month') at.setUTCMonth(at.getUTCMonth() + amount)
  else {
    const seconds = { week: 604800, day: 86400, hour: 3600, minute: 60, second: 1 }[name]
    if (seconds === undefined) throw new LabDataError(`Unknown time unit: ${unit}`)
    at.setTime(at.getTime() + amount * seconds * 1000)
  }
  return at
}

/** Start of the slice that holds the time; slices count from 0001-01-01, as StarRocks' time_slice(). */
export function sliceTime(time: Date, amount: number, unit: string): Date {
  const name = unit.toLowerCase()
  if (name === 'year' || name === 'quarter' || name === 'month') {
    const months = amount * { year: 12, quarter: 3, month: 1 }[name]
    const since = (time.getUTCFullYear() - 1) * 12 + time.getUTCMonth()
    const start = since - (since % months)
    const at = new Date(0)
    at.setUTCFullYear(1 + Math.floor(start / 12), start % 12, 1)
    return at
  }
  const origin = parseTime('0001-01-01').getTime()
  const size = addTime(new Date(0), amount, name).getTime()
  return new Date(time.getTime() - ((time.getTime() - origin) % size))
}

const day = (text = '') => text.length <= 10

export const calendarFunctions: Record<string, (...args: string[]) => LabValue> = {
  date_trunc: (unit = '', text = '') => {
    const start = formatTime(truncateTime(unit, parseTime(text)))
    return day(text) ? start.slice(0, 10) : start
  },
  time_slice: (text = '', amount = '1', unit = 'day') => formatTime(sliceTime(parseTime(text), Number(amount), unit)),
  year: (text = '') => parseTime(text).getUTCFullYear(),
  quarter: (text = '') => Math.floor(parseTime(text).getUTCMonth() / 3) + 1,
  month: (text = '') => parseTime(text).getUTCMonth() + 1,
  day: (text = '') => parseTime(text).getUTCDate(),
  hour: (text = '') => parseTime(text).getUTCHours(),
  to_days: (text = '') => Math.floor(parseTime(text).getTime() / 86_400_000) + 719528,
  date: (text = '') => text.slice(0, 10),
  to_date: (text = '') => text.slice(0, 10),
  str2date: (text = '', format = '%Y-%m-%d') => readTime(text, format)?.slice(0, 10) ?? null,
  str_to_date: (text = '', format = '%Y-%m-%d %H:%i:%s') => readTime(text, format),
  from_unixtime: (seconds = '0') => formatTime(new Date(Number(seconds) * 1000)),
  from_unixtime_ms: (ms = '0') => formatTime(new Date(Math.floor(Number(ms) / 1000) * 1000)),
  date_add: (text = '', amount = '0', unit = 'day') => formatTime(addTime(parseTime(text), Number(amount), unit)),
  date_format: (text = '', format = '') => {
    const time = formatTime(parseTime(text))
    return format.replace(/%([YmdHisS])/g, (_, letter: string) => time.slice(...(FIELDS[letter] ?? [0, 0])))
  },
}

const FIELDS: Record<string, [number, number]> = {
  Y: [0, 4],
  m: [5, 7],
  d: [8, 10],
  H: [11, 13],
  i: [14, 16],
  s: [17, 19],
  S: [17, 19],
}

function readTime(text: string, format: string): string | null {
  const names: string[] = []
  const pattern = format.replace(/%([YmdHisS])|[.*+?^${}()|[\]\\]/g, (all, letter?: string) => {
    if (!letter) return `\\${all}`
    names.push(letter)
    return letter === 'Y' ? '(\\d{4})' : '(\\d{1,2})'
  })
  const match = new RegExp(`^${pattern}`).exec(text.trim())
  if (!match) return null
  const field = (letter: string, otherwise: string) => {
    const at = names.indexOf(letter)
    return (at < 0 ? otherwise : (match[at + 1] ?? otherwise)).padStart(2, '0')
  }
  const second = names.includes('S') ? field('S', '00') : field('s', '00')
  return `${field('Y', '1970')}-${field('m', '01')}-${field('d', '01')} ${field('H', '00')}:${field('i', '00')}:${second}`
}
