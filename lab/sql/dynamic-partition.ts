import { addTime, formatTime, truncateTime } from '../data/calendar.ts'
import { partitionTypes } from '../data/index.ts'
import type { LabTable } from '../model.ts'
import { makePartition } from './add-partition.ts'
import type { LabSqlContext } from './context.ts'
import { timePartitionName } from './partition-batch.ts'
import { normalizeKey } from './partition-range.ts'

/** Makes the partitions that an enabled dynamic partition table has from the start. */
export const applyDynamicPartitions = (context: LabSqlContext, table: LabTable): void => {
  const property = (name: string): string | undefined => table.properties.get(`dynamic_partition.${name}`)
  if (property('enable')?.toLowerCase() !== 'true' || table.partitioning.kind !== 'range') return
  table.scheduledMs = context.state.now()
  const unit = property('time_unit')?.toUpperCase() ?? 'DAY'
  const history = Number(property('history_partition_num') ?? 0)
  const first = Math.max(-history, Number(property('start') ?? 0))
  const type = partitionTypes(table)[0] ?? ''
  const now = truncateTime(unit, new Date(context.state.now()))
  const numeric = !/date/i.test(type)
  const buckets = Number(property('buckets') ?? 0) || table.distribution.buckets || 16
  for (let i = first; i <= Number(property('end') ?? 0); i++) {
    const at = addTime(now, i, unit)
    const name = timePartitionName(property('prefix') ?? 'p', unit, at)
    const key = (time: Date): string =>
      numeric ? formatTime(time).slice(0, 10).replaceAll('-', '') : normalizeKey(type, formatTime(time))
    if (table.partitions.some((p) => p.name === name)) continue
    makePartition(context, table, {
      name,
      range: { lower: [key(at)], upper: [key(addTime(at, 1, unit))] },
      buckets,
      replicationNum: Number(property('replication_num') ?? table.properties.get('replication_num') ?? 1),
    })
  }
}
