import type { LabColumn, LabIndexMeta } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import type { LabSqlContext } from './context.ts'
import { analysisFailure, analysisFailureAt, failure } from './errors.ts'
import type { CreateTable } from './statements.ts'

/** Rules on properties and clauses that a frontend checks before it makes anything. */
export const checkTableRules = (context: LabSqlContext, statement: CreateTable): void => {
  const { profile, state } = context
  const properties = new Map(statement.properties)
  const keys = statement.keys?.type
  const value = (key: string): string => properties.get(key)?.toLowerCase() ?? ''
  if (keys === 'PRIMARY_KEYS' && profile.atLeast('3.5') && value('enable_persistent_index') === 'false') {
    throw failure('In-Memory index is not supported, please create table with persistent index')
  }
  if (profile.version === '3.1' && value('compression').includes('(')) {
    throw failure(`unknown compression type: ${properties.get('compression') ?? ''}`)
  }
  if (value('storage_type') === 'column_with_row') {
    if (profile.version === '3.1') throw failure('Invalid storage type: column_with_row')
    if (keys === 'PRIMARY_KEYS' && state.config.get('enable_experimental_rowstore')?.value !== 'true')
      throw failure(
        'column_with_row for PRIMARY_KEYS table not supported, enable it by setting `enable_experimental_rowstore` to true',
      )
  }
  if (statement.orderBy && profile.version === '3.1' && keys !== 'PRIMARY_KEYS') {
    throw analysisFailureAt(statement.keysPlace ?? '', 'only primary key support sort key')
  }
  if (state.runMode === 'shared_data') {
    const volume = properties.get('storage_volume')
    if (volume !== undefined && !state.storageVolumes.has(volume)) throw failure(`Unknown storage volume "${volume}"`)
    if (properties.get('base_compaction_forbidden_time_ranges')) {
      throw analysisFailure(
        'Property base_compaction_forbidden_time_ranges not support primary keys table or cloud native table',
      )
    }
  }
  const group = properties.get('colocate_with')
  if (group !== undefined && statement.distribution?.kind === 'random') {
    throw failure("random distribution does not support 'colocate_with'")
  }
  if (statement.distribution?.kind === 'random' && keys !== undefined && keys !== 'DUP_KEYS') {
    throw analysisFailure(`${keyText(keys)} must use hash distribution`)
  }
}

const keyText = (type: LabIndexMeta['keysType']): string =>
  ({ DUP_KEYS: 'DUPLICATE KEY', UNIQUE_KEYS: 'UNIQUE KEY', AGG_KEYS: 'AGGREGATE KEY', PRIMARY_KEYS: 'PRIMARY KEY' })[
    type
  ]

/** Rules on columns. */
export const checkColumnRules = (
  profile: LabProfile,
  columns: readonly LabColumn[],
  keys: { type: LabIndexMeta['keysType']; columns: string[] },
): void => {
  const seen = new Set<string>()
  for (const column of columns) {
    const name = column.name.toLowerCase()
    if (seen.has(name)) throw analysisFailure(`Duplicate column name '${column.name}'`, 1060, '42S21')
    seen.add(name)
    if (keys.type === 'AGG_KEYS' && !column.key && !column.aggregation) {
      throw analysisFailure(`Aggregate type of column ${column.name} should be set`)
    }
  }
  void profile
}
