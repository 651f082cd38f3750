import { shadowName, shadowOf } from '../backup/shadow-partition.ts'
import { bytesPerRow, countRows, partitionTypes } from '../data/index.ts'
import type { LabPartition, LabPhysicalPartition, LabTable } from '../model.ts'
import type { LabCell, LabResult, LabSqlContext } from '../sql/context.ts'
import { rangeText } from '../sql/partition-range.ts'
import { byName, shortSize, timeText } from './format.ts'
import { inHashOrder, inShownOrder } from './partition-order.ts'

/** The List text of a partition: JSON from 3.5 on, an unescaped tuple form before. NULL prints as the word. */
export const listText = (context: LabSqlContext, partition: LabPartition, columns: number): string => {
  const tuples = partition.list ?? []
  if (context.profile.atLeast('3.5')) {
    return `[${tuples.map((t) => `[${t.map((v) => `"${escapeJson(v ?? 'NULL')}"`).join(',')}]`).join(',')}]`
  }
  const item = (value: string | null): string => `'${value ?? 'NULL'}'`
  if (columns === 1 && !partition.listOfTuples) return `(${tuples.map((t) => item(t[0] ?? null)).join(', ')})`
  return `(${tuples.map((t) => `(${t.map(item).join(', ')})`).join(', ')})`
}

/** As Gson writes strings: JSON, with the characters that HTML knows by code. */
const escapeJson = (value: string): string =>
  JSON.stringify(value)
    .slice(1, -1)
    .replace(/['<>&=]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)

/** Text of the column Range or List. */
export const partitionValueText = (context: LabSqlContext, table: LabTable, partition: LabPartition): string => {
  if (partition.range) return rangeText(partitionTypes(table), partition.range)
  return partition.list ? listText(context, partition, table.partitioning.columns.length) : ''
}

export const distributionKey = (table: LabTable): string =>
  table.distribution.kind === 'random' ? 'ALL KEY' : table.distribution.columns.join(', ')

const partitionRow = (
  context: LabSqlContext,
  table: LabTable,
  partition: LabPartition,
  physical: LabPhysicalPartition,
): Record<string, LabCell> => {
  const rows = countRows(table, physical)
  const bytes = rows * bytesPerRow + (physical.extraBytes ?? 0)
  const value = partition.name === shadowName && !partition.range ? '' : partitionValueText(context, table, partition)
  return {
    PartitionId: String(physical.id),
    PartitionName: partition.name,
    VisibleVersion: String(physical.visibleVersion),
    VisibleVersionTime: timeText(context, physical.visibleTimeMs),
    VisibleVersionHash: '0',
    CompactVersion: '0',
    NextVersion: String(physical.committedVersion + 1n),
    State: 'NORMAL',
    PartitionKey: table.partitioning.columns.join(', '),
    Range: value,
    List: value,
    DistributionKey: distributionKey(table),
    Buckets: String(partition.buckets),
    ReplicationNum: String(partition.replicationNum),
    StorageMedium: partition.storageMedium,
    CooldownTime: partition.cooldownTime,
    LastConsistencyCheckTime: null,
    DataSize: shortSize(bytes),
    StorageSize: shortSize(bytes),
    IsInMemory: 'false',
    RowCount: String(rows),
    EnableDataCache: table.properties.get('datacache.enable') ?? 'true',
    AsyncWrite: 'false',
    AvgCS: '0.00',
    P50CS: '0.00',
    MaxCS: '0.00',
    DataVersion: String(physical.dataVersion),
    VersionEpoch: String(physical.versionEpoch),
    VersionTxnType: physical.versionTxnType,
    TabletBalanced: 'true',
    MetaSwitchVersion: '0',
  }
}

/** The shadow partition of an automatic table, where the frontend is set to show it. */
const shownShadow = (context: LabSqlContext, table: LabTable): LabPartition | undefined => {
  if (context.state.config.get('enable_display_shadow_partitions')?.value !== 'true') return undefined
  const shadow = shadowOf(context.state, table)
  if (!shadow || table.partitioning.kind !== 'expression-range') return shadow
  const never = '0000-00-00 00:00:00'
  return { ...shadow, range: { lower: [never], upper: [never] } }
}

/** SHOW [TEMPORARY] PARTITIONS, and PROC …/partitions and …/temp_partitions: one row for each physical partition. */
export const showPartitions = (context: LabSqlContext, table: LabTable, temporary: boolean): LabResult => {
  const partitions = table.partitions.filter((p) => p.temporary === temporary)
  const shadow = temporary ? undefined : shownShadow(context, table)
  if (shadow) partitions.unshift(shadow)
  const rows = inShownOrder(table, partitions).flatMap((partition) =>
    inHashOrder(partition.physical, (p) => p.id).map((physical) => partitionRow(context, table, partition, physical)),
  )
  const result = byName(context, 'partitions', rows)
  const list = table.partitioning.kind === 'list' || table.partitioning.kind === 'automatic-list'
  if (!list) return result
  const at = result.columns.findIndex((c) => c.name === 'Range')
  if (at >= 0) result.columns[at] = { name: 'List', type: 'VAR_STRING' }
  return result
}
