import { parseBytes } from '../../contract/bytes.ts'
import type { MigrationSpecInput } from '../../contract/migration-spec.ts'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import { PropertyError, readBoolean, readCount, readList } from './values.ts'

export type ClusterInput = NonNullable<WorkerConfigInput['clusters']>[string]
export type Verdict = 'kept' | 'changed in meaning' | 'no effect'

/** What the keys fill in. */
export interface Draft {
  source: ClusterInput & { host?: string; port?: number; secretKey?: string }
  target: ClusterInput & { host?: string; port?: number; secretKey?: string }
  spec: MigrationSpecInput
}

export interface KeyRule {
  /** Takes the value into the draft. Returns what became of it; a string is a note for `kept`. Throws PropertyError for a value that cannot be. */
  take(value: string, draft: Draft): string | { verdict: Verdict; note: string }
  /** Said when the key is not in the file, and its absence means something else than it did. */
  absent?: string
  /** Never shown. */
  secret?: boolean
}

const changed = (note: string) => ({ verdict: 'changed in meaning' as const, note })
const noEffect = (note: string): KeyRule => ({ take: () => ({ verdict: 'no effect', note }) })

const both = (draft: Draft, fields: Partial<ClusterInput>) => {
  Object.assign(draft.source, fields)
  Object.assign(draft.target, fields)
}

const side = (name: 'source' | 'target'): Record<string, KeyRule> => ({
  [`${name}_fe_host`]: {
    take: (value, draft) => {
      if (value === '') throw new PropertyError('is empty')
      draft[name].host = value
      return `clusters.${name}.frontends; the leader is found from it`
    },
  },
  [`${name}_fe_query_port`]: {
    take: (value, draft) => {
      if (value !== '') draft[name].port = readCount(value, 1, 65535)
      return `clusters.${name}.frontends`
    },
  },
  [`${name}_cluster_user`]: {
    take: (value, draft) => {
      if (value !== '') draft[name].user = value
      return `clusters.${name}.user`
    },
  },
  [`${name}_cluster_password`]: {
    secret: true,
    take: (value, draft) => {
      draft[name].password = value
      return `clusters.${name}.password`
    },
  },
  [`${name}_cluster_password_secret_key`]: {
    secret: true,
    take: (value, draft) => {
      if (value === '') return { verdict: 'no effect', note: 'empty: the password is not encrypted' }
      draft[name].secretKey = value
      return changed(
        `the password is decrypted with it; clusters.${name}.password takes it plain, from a variable or a file`,
      )
    },
  },
})

const allow = (
  set: (allow: NonNullable<MigrationSpecInput['allow']>, value: boolean) => void,
  note: string,
): KeyRule => ({
  take: (value, draft) => {
    draft.spec.allow ??= {}
    set(draft.spec.allow, readBoolean(value))
    return note
  },
  absent: `${note} stays false (the old default was true): what a load wrote on the target waits for approval`,
})

const sync = (key: keyof NonNullable<MigrationSpecInput['sync']>, absent?: string): KeyRule => ({
  take: (value, draft) => {
    draft.spec.sync = { ...draft.spec.sync, [key]: readBoolean(value) }
    return `sync.${key}`
  },
  ...(absent === undefined ? {} : { absent }),
})

const madeToo = (key: keyof NonNullable<MigrationSpecInput['sync']>, what: string) =>
  sync(
    key,
    `sync.${key} stays true (the old default was false): ${what} are made on the target, too; say false to leave them out`,
  )

const seconds = (key: keyof NonNullable<MigrationSpecInput['intervals']>): KeyRule => ({
  take: (value, draft) => {
    if (value !== '') draft.spec.intervals = { ...draft.spec.intervals, [key]: readCount(value, 1) }
    return `intervals.${key}`
  },
})

const timeout = (key: 'connectTimeout' | 'statementTimeout'): KeyRule => ({
  take: (value, draft) => {
    if (value !== '') both(draft, { [key]: readCount(value, 1) / 1000 })
    return `clusters.*.${key}, in seconds`
  },
})

/** Every key that conf/sync.properties has had, old and new files alike. */
export const KEY_TABLE: Record<string, KeyRule> = {
  one_time_run_mode: {
    take: (value, draft) => {
      draft.spec.oneTime = readBoolean(value)
      return 'oneTime'
    },
  },
  ...side('source'),
  source_cluster_token: {
    secret: true,
    take: (value, draft) => {
      if (value !== '') draft.source.token = value
      return 'clusters.source.token'
    },
  },
  ...side('target'),
  jdbc_connect_timeout_ms: timeout('connectTimeout'),
  jdbc_socket_timeout_ms: timeout('statementTimeout'),
  include_data_list: {
    take: (value, draft) => {
      draft.spec.include = readList(value)
      return 'include'
    },
  },
  exclude_data_list: {
    take: (value, draft) => {
      draft.spec.exclude = readList(value)
      return 'exclude; still taken after include'
    },
  },
  target_cluster_storage_volume: {
    take: (value, draft) => {
      if (value !== '') draft.spec.placement = { ...draft.spec.placement, storageVolume: value }
      return 'placement.storageVolume'
    },
  },
  target_cluster_use_builtin_storage_volume_only: {
    take: (value, draft) => {
      if (!readBoolean(value)) return { verdict: 'no effect', note: 'false' }
      draft.spec.placement = { ...draft.spec.placement, storageVolume: 'builtin_storage_volume' }
      return changed('placement.storageVolume: builtin_storage_volume')
    },
  },
  target_cluster_replication_num: {
    take: (value, draft) => {
      if (value === '' || value === '-1') return "placement.replicationNumber is left out: the source's number"
      draft.spec.placement = { ...draft.spec.placement, replicationNumber: readCount(value, 1) }
      return 'placement.replicationNumber'
    },
  },
  target_cluster_max_disk_used_percent: {
    take: (value, draft) => {
      if (value !== '') draft.spec.limits = { ...draft.spec.limits, diskPercent: readCount(value, 1, 100) }
      return changed('limits.diskPercent; tables wait until there is room again, instead of the end of the run')
    },
  },
  target_cluster_enable_persistent_index: {
    take: (value, draft) => {
      if (value === '') return 'placement.persistentIndex is left out: as on the source'
      draft.spec.placement = { ...draft.spec.placement, persistentIndex: readBoolean(value) }
      return 'placement.persistentIndex'
    },
  },
  max_replication_data_size_per_job_in_gb: {
    take: (value, draft) => {
      if (value === '') return 'limits.bytesPerJob is left out: 1 TB'
      const limit = value === '-1' ? '1024PB' : `${readCount(value, 1)}GB`
      if (parseBytes(limit) === undefined) throw new PropertyError(`'${value}' is no size`)
      draft.spec.limits = { ...draft.spec.limits, bytesPerJob: limit }
      return value === '-1' ? 'limits.bytesPerJob, so large that it limits nothing' : 'limits.bytesPerJob'
    },
  },
  meta_job_interval_seconds: seconds('metadata'),
  meta_job_threads: {
    take: (value, draft) => {
      if (value !== '') both(draft, { connections: readCount(value, 1, 64) })
      return changed('clusters.*.connections: sessions with each leader at most')
    },
  },
  ddl_job_interval_seconds: noEffect('a difference is acted upon when it is found, every intervals.metadata seconds'),
  ddl_job_batch_size: {
    take: (value, draft) => {
      if (value !== '') draft.spec.limits = { ...draft.spec.limits, ddlBatch: readCount(value, 1, 1000) }
      return 'limits.ddlBatch'
    },
  },
  ddl_job_allow_drop_target_only: {
    take: (value, draft) => {
      draft.spec.allow = { ...draft.spec.allow, dropTargetOnlyTables: readBoolean(value) }
      return changed(
        'allow.dropTargetOnlyTables; of databases those whose tables are all copies, when the source no longer has them',
      )
    },
  },
  ddl_job_allow_drop_schema_change_table: allow((allowed, value) => {
    allowed.recreateOnSchemaChange = value
  }, 'allow.recreateOnSchemaChange'),
  ddl_job_allow_drop_inconsistent_partition: allow((allowed, value) => {
    // Two keys, one permission: it is given only when neither takes it back.
    allowed.resetDivergedPartitions = value && allowed.resetDivergedPartitions !== false
  }, 'allow.resetDivergedPartitions'),
  ddl_job_allow_drop_inconsistent_time_partition: {
    take: (value, draft) => {
      const permitted = readBoolean(value)
      if (!permitted) draft.spec.allow = { ...draft.spec.allow, resetDivergedPartitions: false }
      return changed('joined with …_inconsistent_partition to allow.resetDivergedPartitions; true only when both are')
    },
  },
  ddl_job_allow_drop_partition_target_only: allow((allowed, value) => {
    allowed.dropTargetOnlyPartitions = value
  }, 'allow.dropTargetOnlyPartitions'),
  enable_bitmap_index_sync: madeToo('bitmapIndexes', 'bitmap indexes'),
  enable_materialized_view_sync: madeToo('materializedViews', 'materialized views'),
  enable_view_sync: madeToo('views', 'views'),
  enable_table_property_sync: sync('tableProperties'),
  ddl_job_allow_drop_inconsistent_bitmap_index: noEffect(
    'indexes hold no data of their own: sync.bitmapIndexes decides',
  ),
  ddl_job_allow_drop_bitmap_index_target_only: noEffect(
    'indexes hold no data of their own: sync.bitmapIndexes decides',
  ),
  ddl_job_allow_drop_inconsistent_materialized_view: {
    take: (value, draft) => {
      if (!readBoolean(value)) draft.spec.allow = { ...draft.spec.allow, replaceViews: false }
      return changed('joined with …_inconsistent_view to allow.replaceViews; true only when both are')
    },
  },
  ddl_job_allow_drop_materialized_view_target_only: {
    take: (value, draft) => {
      if (!readBoolean(value)) draft.spec.allow = { ...draft.spec.allow, dropTargetOnlyViews: false }
      return changed('joined with …_view_target_only to allow.dropTargetOnlyViews; true only when both are')
    },
  },
  ddl_job_allow_drop_inconsistent_view: allow((allowed, value) => {
    // Two keys, one permission, as of partitions.
    allowed.replaceViews = value && allowed.replaceViews !== false
  }, 'allow.replaceViews'),
  ddl_job_allow_drop_view_target_only: {
    take: (value, draft) => {
      const before = draft.spec.allow?.dropTargetOnlyViews
      draft.spec.allow = { ...draft.spec.allow, dropTargetOnlyViews: readBoolean(value) && before !== false }
      return 'allow.dropTargetOnlyViews'
    },
  },
  replication_job_interval_seconds: seconds('stale'),
  replication_job_batch_size: noEffect(
    "tables start the moment a slot is free; limits.tables and the target's own limits bound them",
  ),
  report_interval_seconds: noEffect('progress is there at any time: starferry migrate status, and metrics'),
}
