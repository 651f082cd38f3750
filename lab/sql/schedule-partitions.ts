import { addTime, formatTime, truncateTime } from '../data/calendar.ts'
import { partitionTypes } from '../data/index.ts'
import type { LabPartition, LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { applyDynamicPartitions } from './dynamic-partition.ts'
import { compareEnds, normalizeKey } from './partition-range.ts'

/**
 * One round of the leader's scheduler: dynamic partition tables get the partitions that are due and lose those older than
 * `dynamic_partition.start`; tables with a partition TTL lose what is over it. What it drops cannot be recovered.
 */
export const schedulePartitions = (context: LabSqlContext): void => {
  if (context.state.config.get('dynamic_partition_enable')?.value === 'false') return
  for (const database of context.state.databases.values()) {
    for (const table of database.objects.values()) {
      if (table.kind !== 'table' || table.state !== 'NORMAL') continue
      const expired = [...overdue(context, table), ...outlived(context, table)]
      if (expired.length > 0) table.partitions = table.partitions.filter((p) => !expired.includes(p))
      applyDynamicPartitions(context, table)
    }
  }
}

const isDynamic = (table: LabTable): boolean =>
  table.properties.get('dynamic_partition.enable')?.toLowerCase() === 'true' && table.partitioning.kind === 'range'

const ranged = (table: LabTable): LabPartition[] => table.partitions.filter((p) => p.range && !p.temporary)

/** A time as an end of the table's ranges; partitions by days in integers have ends such as 20240131. */
const endAt = (table: LabTable, time: Date): string[] => {
  const type = partitionTypes(table)[0] ?? ''
  const text = formatTime(time)
  return [/date/i.test(type) ? normalizeKey(type, text) : text.slice(0, 10).replaceAll('-', '')]
}

const endsBefore = (table: LabTable, partition: LabPartition, end: string[]): boolean =>
  partition.range !== undefined && compareEnds(partitionTypes(table), partition.range.upper, end) <= 0

/** Partitions that end before the first one that `dynamic_partition.start` keeps. */
const overdue = (context: LabSqlContext, table: LabTable): LabPartition[] => {
  const start = Number(table.properties.get('dynamic_partition.start') ?? Number.NaN)
  if (!isDynamic(table) || !Number.isSafeInteger(start) || start <= -2_147_483_648) return []
  const unit = table.properties.get('dynamic_partition.time_unit')?.toUpperCase() ?? 'DAY'
  const kept = endAt(table, addTime(truncateTime(unit, new Date(context.state.now())), start, unit))
  return ranged(table).filter((p) => endsBefore(table, p, kept))
}

/** Partitions over `partition_ttl`, or beyond the newest of `partition_live_number` that have begun. */
const outlived = (context: LabSqlContext, table: LabTable): LabPartition[] => {
  if (!/range/.test(table.partitioning.kind) || !/date/i.test(partitionTypes(table)[0] ?? '')) return []
  const now = new Date(context.state.now())
  const ttl = /^\s*(\d+)\s*([a-z]+?)s?\s*$/i.exec(table.properties.get('partition_ttl') ?? '')
  if (ttl) {
    const oldest = endAt(table, addTime(now, -Number(ttl[1]), ttl[2] ?? 'day'))
    return ranged(table).filter((p) => endsBefore(table, p, oldest))
  }
  const live = Number(
    table.properties.get('partition_live_number') ?? table.properties.get('partition_ttl_number') ?? 0,
  )
  if (!(live > 0)) return []
  const types = partitionTypes(table)
  const begun = ranged(table)
    .filter((p) => p.range && compareEnds(types, p.range.lower, endAt(table, now)) <= 0)
    .sort((a, b) => compareEnds(types, a.range?.lower ?? [], b.range?.lower ?? []))
  return begun.slice(0, Math.max(0, begun.length - live))
}
