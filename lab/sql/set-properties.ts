import type { LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { checkReplication } from './create-table.ts'
import { analysisFailure, failure } from './errors.ts'
import type { Properties } from './statements.ts'
import { propertyMapText, tableProperties } from './table-properties.ts'

const settable =
  /^(default\.replication_num|replication_num|replicated_storage|write_quorum|in_memory|storage_medium|storage_cooldown_ttl|storage_cooldown_time|bloom_filter_columns|bloom_filter_fpp|colocate_with|enable_persistent_index|partition_live_number|partition_ttl|partition_ttl_number|partition_retention_condition|unique_constraints|foreign_key_constraints|binlog_enable|binlog_ttl_second|binlog_max_size|bucket_size|mutable_bucket_num|fast_schema_evolution|labels\.location|primary_index_cache_expire_sec|base_compaction_forbidden_time_ranges|compaction_strategy|file_bundling|enable_load_profile|enable_statistic_collect_on_first_load|table_query_timeout|time_drift_constraint|datacache\.partition_duration|flat_json\..*|dynamic_partition\..*|default\.storage_medium|lake_compaction_max_parallel|persistent_index_type|compression)$/

/** ALTER TABLE … SET ("k" = "v"). */
export const setProperties = (context: LabSqlContext, table: LabTable, given: Properties): void => {
  const unknown = given.filter(([key]) => !settable.test(key))
  if (unknown.length > 0) throw analysisFailure(`Unknown properties: ${propertyMapText(unknown)}`, 5064, '42000')
  const ranged = table.partitioning.kind === 'range' || table.partitioning.kind === 'expression-range'
  if (context.state.runMode === 'shared_data' && ranged && given.some(([key]) => key === 'replication_num')) {
    throw failure(
      "This is a range partitioned table, you should specify partitions with MODIFY PARTITION clause. If you want to set default replication number, please use 'default.replication_num' instead of 'replication_num' to escape misleading.",
    )
  }
  for (const [key, value] of given) {
    if (key === 'replication_num' || key === 'default.replication_num') checkReplication(context, Number(value))
    if (key === 'replication_num') for (const partition of table.partitions) partition.replicationNum = Number(value)
  }
  const printed = tableProperties(context.profile, given, {
    keysType: table.keysType,
    random: false,
    qualifiedName: table.name,
    database: '',
  })
  for (const [key, value] of given) {
    const shown = printed.get(key)
    if (
      value === '' &&
      /^(colocate_with|bloom_filter_columns|foreign_key_constraints|unique_constraints|labels\.location|partition_ttl|partition_retention_condition)$/.test(
        key,
      )
    ) {
      table.properties.delete(key)
      if (key === 'colocate_with') delete table.colocateGroup
    } else if (key === 'datacache.partition_duration') table.properties.set(key, value)
    else if (shown !== undefined) table.properties.set(key, shown)
    if (key === 'colocate_with' && value !== '') table.colocateGroup = value
  }
  if (given.some(([key]) => key.startsWith('dynamic_partition.'))) {
    for (const [key, value] of printed)
      if (key.startsWith('dynamic_partition.') && !table.properties.has(key)) table.properties.set(key, value)
  }
}
