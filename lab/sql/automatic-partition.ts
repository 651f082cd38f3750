import { addTime, formatTime, parseTime, sliceTime, truncateTime } from '../data/calendar.ts'
import { partitionTypes } from '../data/index.ts'
import type { LabPartition, LabTable, LabValue } from '../model.ts'
import { javaStringHash } from '../show/java-hash.ts'
import { makePartition } from './add-partition.ts'
import { automaticBuckets } from './automatic-buckets.ts'
import type { LabSqlContext } from './context.ts'
import { timePartitionName } from './partition-batch.ts'
import { checkRange, type LabRange, normalizeKey } from './partition-range.ts'
import { automaticUnit } from './partitioning.ts'

/** Name part of one value: letters and digits stay, dashes, colons and blanks go, all else by code; a leading minus is `_`. */
const namePart = (type: string, value: string | null): string => {
  if (value === null) return 'NULL'
  const text = /^date/i.test(type) ? normalizeKey(type, value) : value
  const characters = [...text].map((c) => {
    if (/[A-Za-z0-9]/.test(c)) return c
    return /[-: ]/.test(c) ? '' : (c.codePointAt(0) ?? 0).toString(16)
  })
  return (text.startsWith('-') ? '_' : '') + characters.join('')
}

/** Longest name that a frontend makes before it cuts it and adds a hash, or a time up to 3.3. */
const longestName = 50

/** The name for a tuple of values, and the partition that has it already: two values may come down to one name. */
const listName = (
  context: LabSqlContext,
  table: LabTable,
  tuple: (string | null)[],
): { name: string; existing?: LabPartition } => {
  const types = partitionTypes(table)
  const full = `p${tuple.map((value, i) => namePart(types[i] ?? '', value)).join('_')}`
  const hash = (javaStringHash(full) >>> 0).toString(16)
  const ending = context.profile.atLeast('3.5') ? hash : String(context.state.now())
  const name = full.length > longestName ? `${full.slice(0, longestName)}_${ending}` : full
  const existing = table.partitions.find((p) => p.name === name)
  if (existing) return { name, existing }
  // Names that differ only in case are one name from 3.5 on.
  const taken =
    context.profile.atLeast('3.5') && table.partitions.some((p) => p.name.toLowerCase() === name.toLowerCase())
  return { name: taken ? `${name}_${hash}` : name }
}

/**
 * The range that holds a value, of a table partitioned by date_trunc() or time_slice(). Loads align it to the slice; a frontend that is asked
 * for a partition (createPartition) does not, and lets it begin at the unit of the value.
 */
const expressionRange = (table: LabTable, value: LabValue, aligned: boolean): { name: string; range: LabRange } => {
  const type = partitionTypes(table)[0] ?? ''
  const unit = automaticUnit(table.partitioning) ?? 'day'
  const slice = /^time_slice\(.*, (\d+), '(\w+)', '(\w+)'\)$/.exec(table.partitioning.expression ?? '')
  const count = Number(slice?.[1] ?? 1)
  // NULL lies in a partition of its own at the very beginning of time.
  const at = parseTime(value === null ? '0000-01-01' : String(value))
  const from = slice && aligned ? sliceTime(at, count, unit) : truncateTime(unit, at)
  const to = addTime(from, count, unit)
  const key = (time: Date): string => normalizeKey(type, formatTime(time))
  return { name: timePartitionName('p', unit, from), range: { lower: [key(from)], upper: [key(to)] } }
}

/** The partition for values that no partition holds yet, made as a load makes it, or unaligned as createPartition does. */
export const createAutomaticPartition = (
  context: LabSqlContext,
  table: LabTable,
  values: LabValue[],
  aligned = true,
): LabPartition => {
  const buckets = table.distribution.buckets || automaticBuckets(context, table)
  const replicationNum = Number(table.properties.get('replication_num') ?? 1)
  if (table.partitioning.kind === 'expression-range') {
    const { name, range } = expressionRange(table, values[0] ?? null, aligned)
    const existing = table.partitions.find((p) => p.name === name && !p.temporary)
    if (existing) return existing
    const others = table.partitions.filter((p) => !p.temporary).flatMap((p) => p.range ?? [])
    checkRange(partitionTypes(table), range, others)
    return makePartition(context, table, { name, range, buckets, replicationNum })
  }
  const types = partitionTypes(table)
  const tuple = values.map((v, i) => (v === null ? null : normalizeKey(types[i] ?? '', String(v))))
  const { name, existing } = listName(context, table, tuple)
  return existing ?? makePartition(context, table, { name, list: [tuple], listOfTuples: true, buckets, replicationNum })
}

export const isAutomatic = (table: LabTable): boolean =>
  table.partitioning.kind === 'expression-range' || table.partitioning.kind === 'automatic-list'
