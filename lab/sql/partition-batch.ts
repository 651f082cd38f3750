import { addTime, formatTime, parseTime } from '../data/calendar.ts'
import { typeName } from './data-type.ts'
import { analysisFailure } from './errors.ts'
import type { LabRange } from './partition-range.ts'
import { normalizeKey } from './partition-range.ts'
import type { PartitionBatch } from './statements.ts'

const supported = new Set(['HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR'])

const pad = (n: number, width = 2): string => String(n).padStart(width, '0')

/** `%W` of a year: weeks begin on Monday, and week 1 is the one with the year's first Monday. */
const weekOfYear = (time: Date): number => {
  const start = Date.UTC(time.getUTCFullYear(), 0, 1)
  const day = Math.floor((Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()) - start) / 86_400_000)
  const monday = (new Date(start).getUTCDay() + 6) % 7
  return Math.floor((day + monday) / 7) + 1
}

/** The name that a frontend gives to the partition of a unit of time that begins then. */
export const timePartitionName = (prefix: string, unit: string, time: Date): string => {
  const year = pad(time.getUTCFullYear(), 4)
  const month = `${year}${pad(time.getUTCMonth() + 1)}`
  const day = `${month}${pad(time.getUTCDate())}`
  switch (unit.toUpperCase()) {
    case 'YEAR':
      return prefix + year
    case 'MONTH':
      return prefix + month
    case 'WEEK':
      return `${prefix}${year}_${pad(weekOfYear(time))}`
    case 'HOUR':
      return `${prefix}${day}${pad(time.getUTCHours())}`
    case 'MINUTE':
      return `${prefix}${day}${pad(time.getUTCHours())}${pad(time.getUTCMinutes())}`
    case 'SECOND':
      return `${prefix}${day}${pad(time.getUTCHours())}${pad(time.getUTCMinutes())}${pad(time.getUTCSeconds())}`
    default:
      return prefix + day
  }
}

const aligned = (unit: string, time: Date): Date => {
  const at = new Date(time)
  at.setUTCMinutes(0, 0, 0)
  if (unit === 'HOUR') return at
  at.setUTCHours(0)
  if (unit === 'WEEK') at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7))
  if (unit === 'MONTH' || unit === 'YEAR') at.setUTCDate(1)
  if (unit === 'YEAR') at.setUTCMonth(0)
  return at
}

export interface BatchRules {
  /** Type of the partition key. */
  type: string
  /** Unit of the table's own partition expression, when it has one. */
  automaticUnit?: string
  prefix: string
}

/** The partitions that `START … END … EVERY …` makes, in order. */
export const expandBatch = (batch: PartitionBatch, rules: BatchRules): { name: string; range: LabRange }[] => {
  const { count, unit } = batch.every
  if (unit === undefined) return expandNumbers(batch, rules)
  if (unit === 'QUARTER' || !/^(SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)$/.test(unit))
    throw analysisFailure('Batch build partition does not support time interval type.')
  if (!supported.has(unit)) throw analysisFailure(`Batch build partition does not support time interval type: ${unit}`)
  const automatic = rules.automaticUnit
  if (automatic !== undefined) {
    if (count !== 1) throw analysisFailure('The step of the auto-partitioned table should be 1')
    if (automatic.toUpperCase() !== unit)
      throw analysisFailure(
        `The granularity of the auto-partitioned table granularity(${automatic.toLowerCase()}) should be consistent with the increased partition granularity(${unit}).`,
      )
  }
  const date = typeName(rules.type) === 'DATE'
  const end = parseTime(batch.end)
  if (end.getUTCFullYear() === 0) end.setUTCFullYear(1)
  let at = parseTime(batch.start)
  // The year 0 is read as year 1 of its era.
  if (at.getUTCFullYear() === 0) at.setUTCFullYear(1)
  if (at >= end) throw analysisFailure('Batch build partition start date should less than end date')
  const suggestStart = aligned(unit, at)
  const suggestEnd = aligned(unit, end).getTime() === end.getTime() ? end : aligned(unit, end)
  if (count === 1 && (suggestStart.getTime() !== at.getTime() || suggestEnd.getTime() !== end.getTime())) {
    const show = (time: Date): string =>
      formatTime(time).slice(0, unit === 'HOUR' || !/^\d{4}-\d{2}-\d{2}$/.test(batch.start.trim()) ? 19 : 10)
    throw analysisFailure(
      `Batch build partition range [${batch.start},${batch.end}) should be a standard unit of time (${unit}) . suggest range [${show(suggestStart)},${show(suggestEnd)})If you want to create partial partitions in batch, you can turn off this check by setting the FE config enable_create_partial_partition_in_batch=true`,
    )
  }
  const made: { name: string; range: LabRange }[] = []
  while (at < end) {
    const step = addTime(at, count, unit)
    const next = new Date(Math.min(step.getTime(), end.getTime()))
    const key = (time: Date): string => normalizeKey(date ? 'date' : 'datetime', formatTime(time))
    made.push({ name: timePartitionName(rules.prefix, unit, at), range: { lower: [key(at)], upper: [key(next)] } })
    at = next
  }
  return made
}

const expandNumbers = (batch: PartitionBatch, rules: BatchRules): { name: string; range: LabRange }[] => {
  if (/DATE/.test(typeName(rules.type)))
    throw analysisFailure(`Unsupported batch partition build type:${typeName(rules.type)}`)
  const end = BigInt(batch.end)
  const made: { name: string; range: LabRange }[] = []
  for (let at = BigInt(batch.start); at < end; at += BigInt(batch.every.count)) {
    const next = at + BigInt(batch.every.count)
    made.push({ name: `${rules.prefix}${at}`, range: { lower: [`${at}`], upper: [`${next > end ? end : next}`] } })
  }
  return made
}
