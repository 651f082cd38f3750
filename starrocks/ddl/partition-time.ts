const MILLIS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
}
const MONTHS: Readonly<Record<string, number>> = { month: 1, quarter: 3, year: 12 }
/** Where DATE and DATETIME end: what a frontend makes of a later one is not known. */
const LAST = Date.UTC(9999, 11, 31)

/** A printed DATE or DATETIME as milliseconds on a clock without zones; undefined for any other text. */
export function timeOf(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.0+)?)?$/.exec(text)
  const time = match ? Date.parse(`${match[1]}T${match[2] ?? '00:00:00'}Z`) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** So many units later, e.g. the end of the partition that begins there; undefined where that is not known. */
export function timeAfter(text: string, step: number, unit: string): number | undefined {
  const time = timeOf(text)
  if (time === undefined) return undefined
  const later = addUnits(time, step, unit)
  return later === undefined || later > LAST ? undefined : later
}

function addUnits(time: number, step: number, unit: string): number | undefined {
  const millis = MILLIS[unit]
  if (millis !== undefined) return time + step * millis
  const months = MONTHS[unit]
  if (months === undefined) return undefined
  const date = new Date(time)
  return date.setUTCMonth(date.getUTCMonth() + step * months)
}
