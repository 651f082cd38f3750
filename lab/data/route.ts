import { crc32 } from 'node:zlib'
import type { LabColumn, LabIndexMeta, LabPartition, LabPhysicalPartition, LabTable, LabValue } from '../model.ts'
import { LabDataError } from './errors.ts'
import { evaluate, parseExpression } from './expression.ts'
import { compareValues, normalizeValue } from './values.ts'

/** The index that keeps the rows. */
export function baseIndex(table: LabTable): LabIndexMeta {
  const base = table.indexes[0]
  if (!base) throw new LabDataError(`Table ${table.name} has no index`)
  return base
}

/** Position of each column in a row, by lower-case name: StarRocks' column names ignore case. */
export function columnPositions(columns: readonly LabColumn[]): Map<string, number> {
  return new Map(columns.map((column, i) => [column.name.toLowerCase(), i]))
}

/** What the partition of a row is chosen by: the values of the partition columns, or of the partition expression. */
export function partitionValues(table: LabTable, row: readonly LabValue[], nowMs = 0): LabValue[] {
  const { columns } = baseIndex(table)
  const positions = columnPositions(columns)
  const column = (name: string) => {
    const at = positions.get(name.toLowerCase())
    if (at === undefined) throw new LabDataError(`Unknown partition column ${name}`)
    return row[at] ?? null
  }
  const { kind, expression } = table.partitioning
  if (kind === 'range' && expression) return [evaluate(parseExpression(expression), { column, nowMs })]
  return table.partitioning.columns.map(column)
}

/** Types of the partition values: those of the columns, or of what the expression gives. */
export function partitionTypes(table: LabTable): string[] {
  const { columns } = baseIndex(table)
  const { kind, expression } = table.partitioning
  if (kind === 'range' && expression) return [/^\s*str2date/i.test(expression) ? 'date' : 'datetime']
  return table.partitioning.columns.map(
    (name) => columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type ?? 'varchar(65533)',
  )
}

/** The partition that values fall into; NULL falls into the lowest range. Temporary partitions only when asked for. */
export function findPartition(
  table: LabTable,
  values: readonly LabValue[],
  candidates: readonly LabPartition[] = table.partitions.filter((one) => !one.temporary),
): LabPartition | undefined {
  const { kind } = table.partitioning
  if (kind === 'none') return candidates[0]
  const types = partitionTypes(table)
  if (kind === 'range' || kind === 'expression-range') {
    const keys = values.map((value, i) => value ?? lowest(types[i] ?? ''))
    return candidates.find((one) => one.range !== undefined && inRange(types, keys, one.range))
  }
  return candidates.find((one) =>
    one.list?.some(
      (tuple) =>
        tuple.length === values.length && tuple.every((item, i) => same(types[i] ?? '', item, values[i] ?? null)),
    ),
  )
}

function lowest(type: string): LabValue {
  if (/^date/i.test(type)) return '0000-01-01'
  const bits = { tinyint: 7n, smallint: 15n, int: 31n, bigint: 63n, largeint: 127n }[
    /^\w+?(?=\(|$)/.exec(type.toLowerCase())?.[0] ?? ''
  ]
  return bits === undefined ? '' : (-(2n ** bits)).toString()
}

function inRange(
  types: readonly string[],
  keys: readonly LabValue[],
  range: NonNullable<LabPartition['range']>,
): boolean {
  if (compareKeys(types, keys, range.lower) < 0) return false
  return range.upper === 'MAXVALUE' || compareKeys(types, keys, range.upper) < 0
}

function compareKeys(types: readonly string[], keys: readonly LabValue[], end: readonly string[]): number {
  for (let i = 0; i < end.length; i++) {
    const item = end[i] ?? ''
    if (item === 'MAXVALUE') return -1
    const found = compareValues(types[i] ?? '', keys[i] ?? null, item)
    if (found !== 0) return found
  }
  return 0
}

function same(type: string, item: string | null, value: LabValue): boolean {
  if (item === null || value === null) return item === value
  return normalizeValue(type, item) === normalizeValue(type, value)
}

/** The bucket of a row among so many: a hash of its distribution columns, the same on every cluster. */
export function bucketOf(
  table: LabTable,
  row: readonly LabValue[],
  buckets: number,
  positions?: Map<string, number>,
): number {
  if (buckets <= 1) return 0
  const at = positions ?? columnPositions(baseIndex(table).columns)
  let hash = 0
  for (const name of table.distribution.columns) {
    const value = row[at.get(name.toLowerCase()) ?? -1] ?? null
    hash = crc32(value === null ? '\0' : String(value), hash)
  }
  return hash % buckets
}

/** The physical partition that takes new rows: the newest one. */
export function writablePhysical(partition: LabPartition): LabPhysicalPartition {
  const newest = partition.physical.at(-1)
  if (!newest) throw new LabDataError(`Partition ${partition.name} has no physical partition`)
  return newest
}
