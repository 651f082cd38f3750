import type { LabProfile } from '../profiles/profile.ts'
import { failure } from './errors.ts'
import type { Properties } from './statements.ts'

/** Properties that every release takes in CREATE TABLE. */
const always = new Set([
  ...[
    'replication_num',
    'default.replication_num',
    'replicated_storage',
    'write_quorum',
    'in_memory',
    'storage_medium',
  ],
  ...['storage_cooldown_ttl', 'storage_cooldown_time', 'storage_format', 'bloom_filter_columns', 'bloom_filter_fpp'],
  ...['colocate_with', 'compression', 'enable_persistent_index', 'partition_live_number', 'partition_ttl_number'],
  ...[
    'unique_constraints',
    'foreign_key_constraints',
    'binlog_enable',
    'binlog_ttl_second',
    'binlog_max_size',
    'storage_type',
  ],
  ...['primary_index_cache_expire_sec', 'auto_refresh_partitions_limit', 'light_schema_change'],
])
const since33 = new Set([
  'bucket_size',
  'mutable_bucket_num',
  'fast_schema_evolution',
  'labels.location',
  'use_fast_schema_evolution',
])
const since35 = new Set([
  'base_compaction_forbidden_time_ranges',
  'partition_ttl',
  'partition_retention_condition',
  'time_drift_constraint',
])
const since41 = new Set([
  ...[
    'flat_json.enable',
    'flat_json.null.factor',
    'flat_json.sparsity.factor',
    'flat_json.column.max',
    'table_query_timeout',
  ],
  ...['enable_load_profile', 'enable_statistic_collect_on_first_load', 'enable_dynamic_tablet_split'],
])
const lakeOnly = new Set([
  ...[
    'storage_volume',
    'datacache.enable',
    'datacache.partition_duration',
    'enable_async_write_back',
    'persistent_index_type',
  ],
  ...['file_bundling', 'cloud_native_fast_schema_evolution_v2', 'compaction_strategy', 'lake_compaction_max_parallel'],
])
/** Taken and forgotten by a shared-data cluster. */
const lakeForgets = new Set([
  ...[
    'replicated_storage',
    'write_quorum',
    'storage_medium',
    'storage_cooldown_ttl',
    'storage_cooldown_time',
    'storage_format',
  ],
  ...['in_memory', 'fast_schema_evolution', 'labels.location', 'base_compaction_forbidden_time_ranges', 'storage_type'],
  ...['binlog_enable', 'binlog_ttl_second', 'binlog_max_size'],
])

const isKnown = (profile: LabProfile, key: string): boolean => {
  if (always.has(key) || key.startsWith('dynamic_partition.')) return true
  if (lakeOnly.has(key)) return profile.runMode === 'shared_data'
  if (since33.has(key)) return profile.atLeast('3.3')
  if (since35.has(key)) return profile.atLeast('3.5')
  return since41.has(key) && profile.atLeast('4.1')
}

/** `{k=v, …}` as StarRocks lists what it does not know. */
export const propertyMapText = (properties: Properties): string =>
  `{${properties
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}}`

export const checkKnown = (profile: LabProfile, properties: Properties): void => {
  const unknown = properties.filter(([key]) => !isKnown(profile, key))
  if (unknown.length > 0) throw failure(`Unknown properties: ${propertyMapText(unknown)}`)
}

const dynamicDefaults: [string, string][] = [
  ['dynamic_partition.time_zone', 'UTC'],
  ['dynamic_partition.start', '-2147483648'],
  ['dynamic_partition.history_partition_num', '0'],
]

export interface TableFacts {
  keysType: string
  random: boolean
  /** `default_catalog.db.table`, for constraints. */
  qualifiedName: string
  database: string
}

/** The properties that a new table has, of those given and of the release's defaults, as SHOW CREATE TABLE prints them. */
export const tableProperties = (profile: LabProfile, given: Properties, facts: TableFacts): Map<string, string> => {
  const lake = profile.runMode === 'shared_data'
  const old = profile.version === '3.1'
  const primary = facts.keysType === 'PRIMARY_KEYS'
  const properties = new Map<string, string>()
  const put = (key: string, value: string): void => void properties.set(key, value)
  put('replication_num', lake ? '1' : '3')
  put('compression', 'LZ4')
  if (old) put('in_memory', 'false')
  if (old) put('enable_persistent_index', String(primary))
  else if (primary) put('enable_persistent_index', 'true')
  if (!lake) put('replicated_storage', 'true')
  if (!lake && !old) put('fast_schema_evolution', 'true')
  if (!old && facts.random) put('bucket_size', profile.atLeast('4.1') ? '1073741824' : '4294967296')
  if (lake) {
    put('storage_volume', 'builtin_storage_volume')
    put('datacache.enable', 'true')
    put('enable_async_write_back', 'false')
    put('file_bundling', 'true')
    put('cloud_native_fast_schema_evolution_v2', 'true')
    if (primary) put('persistent_index_type', 'CLOUD_NATIVE')
  }
  for (const [key, raw] of given) {
    if (lake && (lakeForgets.has(key) || key.startsWith('flat_json.'))) continue
    const value = printedValue(profile, key, raw, facts)
    if (value !== undefined) put(key, value)
  }
  if (!lake && given.some(([key]) => key === 'flat_json.enable')) {
    for (const [key, value] of [
      ['flat_json.null.factor', '0.3'],
      ['flat_json.sparsity.factor', '0.3'],
      ['flat_json.column.max', '100'],
    ] as const)
      if (!properties.has(key)) put(key, value)
  }
  if (properties.has('dynamic_partition.enable')) {
    for (const [key, value] of dynamicDefaults) if (!properties.has(key)) put(key, value)
  }
  if (properties.get('fast_schema_evolution') === 'false' && !profile.atLeast('3.5'))
    properties.delete('fast_schema_evolution')
  if (properties.get('storage_type')?.toUpperCase() === 'COLUMN_WITH_ROW') {
    if (profile.atLeast('3.5')) put('fast_schema_evolution', 'false')
    else properties.delete('fast_schema_evolution')
  }
  return properties
}

/** How a given value is printed; undefined where the release does not print it at all. */
const printedValue = (profile: LabProfile, key: string, value: string, facts: TableFacts): string | undefined => {
  const old = profile.version === '3.1'
  switch (key) {
    case 'bloom_filter_fpp':
    case 'storage_format':
    case 'light_schema_change':
    case 'default.replication_num':
      return key === 'default.replication_num' ? value : undefined
    case 'in_memory':
      return old ? value : undefined
    case 'labels.location':
    case 'base_compaction_forbidden_time_ranges':
      return value === '' ? undefined : value
    case 'enable_persistent_index':
      if (facts.keysType !== 'PRIMARY_KEYS') return old ? 'false' : undefined
      return value
    case 'bloom_filter_columns':
      return value
        .split(',')
        .map((c) => c.trim())
        .sort()
        .join(', ')
    case 'compression':
      return value.toUpperCase()
    case 'storage_medium':
    case 'storage_type':
    case 'write_quorum':
      return value.toUpperCase() === 'MAJORITY' || value.toUpperCase() === 'COLUMN' ? undefined : value.toUpperCase()
    case 'storage_cooldown_ttl':
    case 'datacache.partition_duration':
      return value.replace(/^(\d+) (day|hour|month|year|week|minute|second)$/, '$1 $2s')
    case 'unique_constraints':
      return old
        ? value
        : value
            .split(';')
            .map((c) =>
              c.includes('.')
                ? c
                : c
                    .split(',')
                    .map((one) => `${facts.qualifiedName}.${one.trim()}`)
                    .join(','),
            )
            .join(';')
    case 'foreign_key_constraints':
      return value.replace(/REFERENCES\s+([^\s(]+)\(/gi, (_all, name: string) => {
        const parts = name.split('.')
        const full =
          parts.length === 1
            ? ['default_catalog', facts.database, ...parts]
            : parts.length === 2
              ? ['default_catalog', ...parts]
              : parts
        return `REFERENCES ${full.join('.')}(`
      })
    default:
      return value
  }
}

/** Order in which 3.1 prints properties; later releases print them by name. */
const oldOrder = [
  ...[
    'replication_num',
    'bloom_filter_columns',
    'colocate_with',
    'dynamic_partition.enable',
    'dynamic_partition.time_unit',
  ],
  ...['dynamic_partition.time_zone', 'dynamic_partition.start', 'dynamic_partition.end', 'dynamic_partition.prefix'],
  ...[
    'dynamic_partition.buckets',
    'dynamic_partition.replication_num',
    'dynamic_partition.history_partition_num',
    'in_memory',
  ],
  ...[
    'enable_persistent_index',
    'replicated_storage',
    'binlog_version',
    'binlog_enable',
    'binlog_ttl_second',
    'binlog_max_size',
  ],
  ...['write_quorum', 'partition_live_number', 'storage_medium', 'storage_cooldown_ttl', 'unique_constraints'],
  ...['foreign_key_constraints', 'compression'],
]

/** The properties in the order and completeness in which SHOW CREATE TABLE lists them. */
export const printedProperties = (profile: LabProfile, properties: ReadonlyMap<string, string>): [string, string][] => {
  const shown = new Map(properties)
  const defaultNumber = shown.get('default.replication_num')
  if (defaultNumber !== undefined) shown.set('replication_num', defaultNumber)
  shown.delete('default.replication_num')
  if (shown.get('binlog_enable') !== undefined) shown.set('binlog_version', '0')
  if (shown.get('file_bundling') === 'false') shown.delete('file_bundling')
  const entries = [...shown]
  if (profile.version !== '3.1') return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const rank = (key: string): number => (oldOrder.includes(key) ? oldOrder.indexOf(key) : oldOrder.length - 1.5)
  return entries.sort(([a], [b]) => rank(a) - rank(b))
}
