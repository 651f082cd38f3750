import type { DroppedProperty } from './decide-properties.ts'
import type { MaterializedView, Properties } from './model.ts'
import { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
import { atLeast } from './version.ts'

/** Properties of materialized views that every mode takes, with the line that brought them. */
const common: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['replication_num', [2, 5]],
  ['compression', [3, 1]],
  ['bloom_filter_columns', [3, 1]],
  ['colocate_with', [3, 1]],
  ['mv_rewrite_staleness_second', [3, 1]],
  ['partition_refresh_number', [2, 5]],
  ['partition_refresh_strategy', [3, 5]],
  ['partition_ttl_number', [2, 5]],
  ['partition_ttl', [3, 1]],
  ['partition_retention_condition', [3, 5]],
  ['auto_refresh_partitions_limit', [2, 5]],
  ['excluded_trigger_tables', [2, 5]],
  ['excluded_refresh_tables', [3, 3]],
  ['resource_group', [2, 5]],
  ['force_external_table_query_rewrite', [2, 5]],
  ['query_rewrite_consistency', [3, 1]],
  ['enable_query_rewrite', [3, 3]],
  ['transparent_mv_rewrite_mode', [3, 3]],
  ['unique_constraints', [2, 5]],
  ['foreign_key_constraints', [2, 5]],
])

const sharedNothing: ReadonlySet<string> = new Set([
  'replicated_storage',
  'storage_medium',
  'storage_cooldown_time',
  'storage_cooldown_ttl',
])
const sharedData: ReadonlySet<string> = new Set([
  'datacache.enable',
  'enable_async_write_back',
  'datacache.partition_duration',
  'storage_volume',
])

/** Decides which properties of a materialized view are written. Constraints name other tables, and serve rewriting only: left out. */
export function materializedViewProperties(
  view: MaterializedView,
  options: {
    readonly target: TargetCluster
    readonly source?: ObjectName
    readonly rename?: Rename
    readonly placement?: Placement
    readonly unknownProperties?: ReadonlySet<string>
  },
): { create: Properties; dropped: DroppedProperty[] } {
  const { target, placement } = options
  const create = new Map<string, string>()
  const dropped: DroppedProperty[] = []
  for (const [property, value] of Object.entries(view.properties)) {
    const reason = options.unknownProperties?.has(property)
      ? 'the target does not know it'
      : reasonToDrop(property, value, target)
    if (reason === undefined) create.set(property, isTableList(property) ? renameList(value, options) : value)
    else if (reason !== '') dropped.push({ property, value, reason })
  }
  if (placement?.replicationNum !== undefined) create.set('replication_num', String(placement.replicationNum))
  if (target.runMode === 'shared_data' && placement?.storageVolume !== undefined)
    create.set('storage_volume', placement.storageVolume)
  return { create: Object.fromEntries([...create].sort(([a], [b]) => (a < b ? -1 : 1))), dropped }
}

function isTableList(property: string): boolean {
  return property === 'excluded_trigger_tables' || property === 'excluded_refresh_tables'
}

// `db.table, table`: names without a database are of the view's.
function renameList(value: string, options: { readonly source?: ObjectName; readonly rename?: Rename }): string {
  const { rename = keepNames, source } = options
  const names = value.split(',').map((entry) => {
    const [name = '', database = source?.database ?? ''] = entry.trim().split('.').reverse()
    const target = rename({ database, name })
    return entry.includes('.') ? `${target.database}.${target.name}` : target.name
  })
  return names.join(',')
}

function reasonToDrop(property: string, value: string, target: TargetCluster): string | undefined {
  if (property.startsWith('session.')) return undefined
  if (property === 'storage_volume')
    return target.runMode === 'shared_data' ? 'the target chooses its default volume' : ''
  if (sharedNothing.has(property)) {
    if (target.runMode === 'shared_nothing')
      return property === 'storage_cooldown_time' ? 'a moment that has passed is refused' : undefined
    return property === 'replicated_storage' || value === 'HDD' ? '' : 'a shared-data cluster has no such property'
  }
  if (sharedData.has(property)) return target.runMode === 'shared_data' ? undefined : ''
  if (property === 'warehouse') return value === 'default_warehouse' ? '' : 'it names a warehouse of the source'
  if (property.endsWith('_constraints')) return 'it names tables of the source; set it by hand if rewriting needs it'
  const since = common.get(property)
  if (!since) return 'it is not known to be understood by the target'
  return atLeast(target.version, ...since) ? undefined : `it exists from ${since.join('.')} on`
}
