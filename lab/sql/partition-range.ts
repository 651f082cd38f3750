import { compareValues } from '../data/index.ts'
import type { LabPartition } from '../model.ts'
import { lowestValue, typeName } from './data-type.ts'
import { analysisFailure } from './errors.ts'
import type { PartitionItem, PartitionValue } from './statements.ts'

export type LabRange = NonNullable<LabPartition['range']>

/** A key text in the form in which its type prints it: dates with two-digit parts, datetimes with their time. */
export const normalizeKey = (type: string, value: string): string => {
  const name = typeName(type)
  if (name === 'DATE' || name === 'DATETIME') {
    const parts = /^\s*(\d{4})-?(\d{1,2})-?(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?)?\s*$/.exec(value)
    if (!parts) throw analysisFailure(`Invalid date value: ${value}`)
    const two = (text: string | undefined): string => (text ?? '0').padStart(2, '0')
    const day = `${parts[1]}-${two(parts[2])}-${two(parts[3])}`
    if (name === 'DATE') return day
    const fraction = /[1-9]/.test(parts[7] ?? '') ? (parts[7] ?? '').padEnd(7, '0') : ''
    return `${day} ${two(parts[4])}:${two(parts[5])}:${two(parts[6])}${fraction}`
  }
  if (/^(TINYINT|SMALLINT|INT|BIGINT|LARGEINT)$/.test(name)) {
    if (!/^\s*[+-]?\d+\s*$/.test(value)) throw analysisFailure(`Invalid number format: ${value}`)
    return BigInt(value.trim()).toString()
  }
  if (name === 'BOOLEAN') return /^(true|1)$/i.test(value.trim()) ? 'TRUE' : 'FALSE'
  return value
}

/** Order of two ends; an end shorter than the other is compared as far as it goes. */
export const compareEnds = (types: readonly string[], a: string[] | 'MAXVALUE', b: string[] | 'MAXVALUE'): number => {
  if (a === 'MAXVALUE' || b === 'MAXVALUE') return a === b ? 0 : a === 'MAXVALUE' ? 1 : -1
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = compareValues(types[i] ?? 'varchar(65533)', a[i] ?? null, b[i] ?? null)
    if (order !== 0) return order
  }
  return 0
}

const endText = (types: readonly string[], end: string[] | 'MAXVALUE', upper: boolean): string => {
  const names = types.map(typeName).join(', ')
  const keys = end === 'MAXVALUE' ? types.map(() => 'MAXVALUE').join(', ') : end.join(', ')
  return upper ? `types: [${names}]; keys: [${keys}]; )` : `[types: [${names}]; keys: [${keys}]; `
}

/** The text that SHOW PARTITIONS shows as Range. */
export const rangeText = (types: readonly string[], range: LabRange): string =>
  `${endText(types, range.lower, false)}..${endText(types, range.upper, true)}`

const fill = (types: readonly string[], values: PartitionValue[]): string[] => {
  if (types.length > 1 && values.includes('MAXVALUE'))
    throw analysisFailure('Not support MAXVALUE in multi partition range values.')
  return types.map((type, i) => {
    const value = values[i]
    return value === undefined || value === null ? lowestValue(type) : normalizeKey(type, value)
  })
}

/** The range that a definition means, given the ranges that there are already. */
export const resolveRange = (
  types: readonly string[],
  item: PartitionItem | undefined,
  existing: readonly LabRange[],
): LabRange => {
  if (item === undefined || item.kind === 'in')
    throw analysisFailure('Cannot add a List partition to a table that partition type is not of List')
  if (item.kind === 'fixed') {
    const upper =
      item.upper.length === 1 && item.upper[0] === 'MAXVALUE' && types.length === 1
        ? 'MAXVALUE'
        : fill(types, item.upper)
    return { lower: fill(types, item.lower), upper }
  }
  const upper: LabRange['upper'] = item.max ? 'MAXVALUE' : fill(types, item.upper)
  const lowest = types.map(lowestValue)
  // The lower end is the nearest end below: of the partitions that begin before this one ends.
  let lower = lowest
  for (const range of existing) {
    if (compareEnds(types, range.lower, upper) >= 0) continue
    const end: LabRange['upper'] = compareEnds(types, range.upper, upper) <= 0 ? range.upper : range.lower
    if (end !== 'MAXVALUE' && compareEnds(types, end, lower) > 0) lower = end
  }
  return { lower, upper }
}

/** Refuses a range that is empty or overlaps another. */
export const checkRange = (types: readonly string[], range: LabRange, existing: readonly LabRange[]): void => {
  if (compareEnds(types, range.lower, range.upper) >= 0)
    throw analysisFailure(`The right value must be more than the left value`)
  for (const other of existing) {
    const apart = compareEnds(types, range.upper, other.lower) <= 0 || compareEnds(types, range.lower, other.upper) >= 0
    if (!apart)
      throw analysisFailure(`Range ${rangeText(types, range)} is intersected with range: ${rangeText(types, other)}`)
  }
}
