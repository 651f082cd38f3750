import type { LabCell, LabResult, LabSqlContext } from '../sql/context.ts'

/** `YYYY-MM-DD HH:MM:SS` in the zone in which the release prints times. */
export const timeText = (context: LabSqlContext, ms: number): string =>
  new Date(ms + context.profile.timeOffsetMinutes * 60_000).toISOString().replace('T', ' ').slice(0, 19)

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** `12.3GB`: one decimal place unless it is zero, no blank. */
export const shortSize = (bytes: number): string => {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  const text = value.toFixed(1)
  return `${text.endsWith('.0') ? text.slice(0, -2) : text}${units[unit]}`
}

/** `12.345 GB`. */
export const longSize = (bytes: number): string => {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < 4; unit++) value /= 1024
  return `${value.toFixed(3)} ${units[unit]}`
}

export const percent = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)} %`

/** Rows given by column name, in the order and with the columns that the release's answer has. */
export const byName = (context: LabSqlContext, form: string, rows: Record<string, LabCell>[]): LabResult => {
  const names = context.profile.columns[form]
  if (!names) throw new Error(`The lab does not know the columns of ${form} in ${context.profile.version}`)
  return {
    columns: names.map((name) => ({ name, type: 'VAR_STRING' })),
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    affectedRows: 0,
  }
}
