import type { PartitionRecord } from '../../contract/backup/record.ts'
import { own } from '../../planning/backup/changes.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { survivesDynamicPartitions } from '../../planning/restore/survives.ts'
import { listPartitions, type StarRocksCluster, showCreate } from '../../starrocks/index.ts'
import { type QuietProperty, quietProperties } from './quiet-tables.ts'
import { modelOf } from './verify-tables.ts'

export interface InTheWay extends QuietProperty {
  /** Why restored partitions would be dropped; undefined where it only keeps partitions from being added. */
  drops?: string
}

/**
 * What keeps chosen partitions that a live table has no more from being restored to it: dynamic partition, which lets nobody add any, and settings by which they
 * would be dropped again. Those that are there live as long as they would have anyway. Errors: StarRocksError.
 */
export async function lifetimesInTheWay(
  cluster: StarRocksCluster,
  live: { database: string; name: string },
  { table, only = [] }: Pick<PlannedTable, 'table' | 'only'>,
  now: number,
  signal?: AbortSignal,
): Promise<InTheWay[]> {
  const rows = await listPartitions(cluster, live.database, live.name, { signal })
  const partitions: Record<string, PartitionRecord> = {}
  for (const { name, rangeText, listText } of rows)
    partitions[name] = { physical: [], at: 0, value: rangeText ?? listText }
  const missing = only.filter((name) => !Object.hasOwn(partitions, name))
  if (missing.length === 0) return []
  for (const name of missing) partitions[name] = own(table.partitions, name) ?? { physical: [], at: 0 }
  const { text } = await showCreate(cluster, live.database, live.name, { signal })
  const properties = modelOf({ ddl: text })?.properties ?? {}
  return quietProperties({ ddl: text }).flatMap((one) => {
    const survive = survivesDynamicPartitions(one.property, one.value, properties, { partitions }, now)
    if (survive !== true) return [{ ...one, drops: survive }]
    return one.property === 'dynamic_partition.enable' ? [one] : []
  })
}
