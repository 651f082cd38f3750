import type { RunMode } from './version.ts'

/** What becomes of a source table's property on the target. */
export interface PropertyRule {
  /** Run modes of the target that take it; both when absent. */
  readonly mode?: RunMode
  /** First release line that takes it: [major, minor]. */
  readonly since?: readonly [number, number]
  /** Tables of this key model only. */
  readonly primaryOnly?: boolean
  /** Left out of every copy, with this reason. */
  readonly never?: string
  /**
   * Not set while data is copied, because the target would create or drop partitions by itself; set at cutover.
   * `disabled` is written meanwhile, where there is something to write.
   */
  readonly atCutover?: { readonly disabled?: string; readonly unless?: string }
}

const nothing: RunMode = 'shared_nothing'
const data: RunMode = 'shared_data'

/**
 * The allow-list: what SHOW CREATE TABLE of 2.5 to 4.1 prints (OlapTable#getCommonProperties, #getUniqueProperties, LakeTable), and
 * who takes it. Anything else is left out and reported. replication_num, storage_volume, the constraints and the persistent index have
 * rules of their own in decide-properties.ts.
 */
export const propertyRules: ReadonlyMap<string, PropertyRule> = new Map<string, PropertyRule>([
  ['replication_num', {}],
  ['compression', {}],
  ['bloom_filter_columns', {}],
  ['bloom_filter_fpp', {}],
  ['colocate_with', {}],
  ['bucket_size', { since: [3, 2] }],
  ['mutable_bucket_num', { since: [3, 4] }],
  ['enable_load_profile', { since: [3, 4] }],
  ['enable_statistic_collect_on_first_load', { since: [3, 5] }],
  ['base_compaction_forbidden_time_ranges', { since: [3, 4], mode: nothing }],
  ['table_query_timeout', { since: [4, 1] }],
  ['unique_constraints', {}],
  ['foreign_key_constraints', {}],
  ['time_drift_constraint', { since: [3, 5] }],
  ['enable_persistent_index', { primaryOnly: true }],
  ['primary_index_cache_expire_sec', { since: [3, 2], primaryOnly: true }],
  ['persistent_index_type', { since: [3, 3], primaryOnly: true, mode: data }],

  ['dynamic_partition.enable', { atCutover: { disabled: 'false', unless: 'false' } }],
  ['partition_live_number', { atCutover: {} }],
  ['partition_ttl', { since: [3, 4], atCutover: {} }],
  ['partition_ttl_number', { atCutover: {} }],
  ['partition_retention_condition', { since: [3, 5], atCutover: {} }],

  ['replicated_storage', { mode: nothing }],
  ['write_quorum', { mode: nothing }],
  ['fast_schema_evolution', { since: [3, 2], mode: nothing }],
  ['storage_medium', { mode: nothing }],
  ['storage_cooldown_ttl', { since: [3, 1], mode: nothing }],
  ['storage_type', { since: [3, 3], mode: nothing }],
  ['binlog_enable', { since: [3, 1], mode: nothing }],
  ['binlog_ttl_second', { since: [3, 1], mode: nothing }],
  ['binlog_max_size', { since: [3, 1], mode: nothing }],
  ['flat_json.enable', { since: [4, 1], mode: nothing }],
  ['flat_json.null.factor', { since: [4, 1], mode: nothing }],
  ['flat_json.sparsity.factor', { since: [4, 1], mode: nothing }],
  ['flat_json.column.max', { since: [4, 1], mode: nothing }],

  ['datacache.enable', { mode: data }],
  ['datacache.partition_duration', { mode: data }],
  ['enable_async_write_back', { mode: data }],
  ['compaction_strategy', { since: [3, 3], mode: data }],
  ['lake_compaction_max_parallel', { since: [4, 1], mode: data }],
  ['file_bundling', { since: [4, 1], mode: data }],
  ['cloud_native_fast_schema_evolution_v2', { since: [4, 1], mode: data }],
  ['storage_volume', { mode: data }],

  ['in_memory', { never: 'it has had no effect since 2.5' }],
  ['storage_format', { never: 'every supported version has one storage format only' }],
  ['binlog_version', { never: 'it is counted by the frontend and refused in CREATE TABLE' }],
  ['storage_cooldown_time', { never: 'a moment that has passed is refused; set it by hand if it is still wanted' }],
  ['labels.location', { never: "it names locations of the source's backends" }],
  ['warehouse', { never: 'it names a warehouse of the source' }],
])

/** The settings of dynamic partitioning other than its switch; all versions take them. */
export function isDynamicPartitionSetting(property: string): boolean {
  return property.startsWith('dynamic_partition.') && property !== 'dynamic_partition.enable'
}

/** Properties that a target adds to a table by itself, or prints with a default, without being asked. */
export const addedByTarget: ReadonlySet<string> = new Set([
  'compression',
  'fast_schema_evolution',
  'replicated_storage',
  'cloud_native_fast_schema_evolution_v2',
  'datacache.enable',
  'enable_async_write_back',
  'file_bundling',
  'storage_volume',
  'persistent_index_type',
  'enable_persistent_index',
  'bucket_size',
  'in_memory',
  'storage_format',
  'binlog_version',
  'storage_medium',
])
