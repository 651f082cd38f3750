import type { TableRecord } from '../../contract/backup/record.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 7 * 86_400_000,
  MONTH: 31 * 86_400_000,
  YEAR: 366 * 86_400_000,
}

/**
 * Whether the partitions of the backup would outlive a setting by which StarRocks drops old ones; otherwise why not. Where it cannot be told it counts as no:
 * nothing that was just restored may vanish by itself.
 */
export function survivesDynamicPartitions(
  property: string,
  value: string,
  properties: Readonly<Record<string, string>>,
  table: Pick<TableRecord, 'partitions'>,
  nowMs: number,
): true | string {
  const partitions = Object.entries(table.partitions)
  if (property === 'partition_live_number' || property === 'partition_ttl_number') {
    if (partitions.length <= Number(value)) return true
    return `only ${value} of the ${partitions.length} restored partitions would be kept`
  }
  if (property !== 'dynamic_partition.enable') return 'older partitions would be dropped within minutes'
  const start = Number(properties['dynamic_partition.start'] ?? '-2147483648')
  // The default: nothing is ever dropped.
  if (!Number.isFinite(start) || start <= -2_147_483_648) return true
  const unit = UNIT_MS[(properties['dynamic_partition.time_unit'] ?? '').toUpperCase()]
  if (unit === undefined) return 'what it would drop cannot be told'
  // A unit of grace on either side: time zones, and weeks and months that begin somewhere.
  const oldest = nowMs - (Math.abs(start) - 1) * unit
  for (const [name, { value: range }] of partitions) {
    const upper = upperEnd(range)
    if (upper === undefined) return `what becomes of partition ${name} cannot be told`
    if (upper < oldest)
      return `partition ${name} and perhaps more are older than ${-start} ${(properties['dynamic_partition.time_unit'] ?? '').toLowerCase()}s and would be dropped within minutes`
  }
  return true
}

/** `[types: [DATE]; keys: [2026-01-01]; ..types: [DATE]; keys: [2026-01-02]; )` → the second, as milliseconds. */
function upperEnd(range: string | undefined): number | undefined {
  const keys = [...(range ?? '').matchAll(/keys: \[([^\]]*)\]/g)].map((match) => match[1])
  const text = keys.at(-1)?.trim()
  if (keys.length < 2 || text === undefined) return undefined
  const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}Z`)
  return Number.isNaN(ms) ? undefined : ms
}
