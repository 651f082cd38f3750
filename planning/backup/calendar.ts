export interface Periods {
  day: string
  /** Its Monday. */
  week: string
  month: string
  year: string
}

const DAY_MS = 86_400_000

/** Tells in which day, week (from Monday), month and year of a time zone an instant lies. Errors: RangeError for an unknown zone. */
export function createCalendar(timeZone: string): (instant: number) => Periods {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]))
    const [year, month, day] = ['year', 'month', 'day'].map((type) => Number(parts.get(type as 'year')))
    // As a date without a zone, so that the arithmetic of weeks meets no change of the clocks.
    const midnight = Date.UTC(year ?? 0, (month ?? 1) - 1, day)
    const sinceMonday = (new Date(midnight).getUTCDay() + 6) % 7
    const text = dateText(midnight)
    return {
      day: text,
      week: dateText(midnight - sinceMonday * DAY_MS),
      month: text.slice(0, 7),
      year: text.slice(0, 4),
    }
  }
}

const dateText = (ms: number) => new Date(ms).toISOString().slice(0, 10)
