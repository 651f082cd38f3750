import type { LabDatabase } from '../model.ts'
import type { LabResult, LabSqlContext } from '../sql/context.ts'
import { byName, timeText } from './format.ts'

/** SHOW DYNAMIC PARTITION TABLES. */
export const showDynamicPartitions = (context: LabSqlContext, database: LabDatabase): LabResult => {
  const tables = [...database.objects.values()].filter(
    (o) => o.kind === 'table' && o.properties.has('dynamic_partition.enable'),
  )
  return byName(
    context,
    'dynamic-partitions',
    tables.flatMap((t) => {
      if (t.kind !== 'table') return []
      const property = (name: string): string | null => t.properties.get(`dynamic_partition.${name}`) ?? null
      const enabled = property('enable') === 'true'
      return [
        {
          TableName: t.name,
          Enable: property('enable'),
          TimeUnit: property('time_unit')?.toUpperCase() ?? null,
          Start: property('start'),
          End: property('end'),
          Prefix: property('prefix'),
          Buckets: property('buckets') ?? '0',
          ReplicationNum: property('replication_num') ?? t.properties.get('replication_num') ?? null,
          StartOf: null,
          LastUpdateTime: timeText(context, t.createdMs),
          LastSchedulerTime: t.scheduledMs === undefined ? null : timeText(context, t.scheduledMs),
          State: 'NORMAL',
          LastCreatePartitionMsg: null,
          LastDropPartitionMsg: null,
          InScheduler: String(enabled),
        },
      ]
    }),
  )
}
