import type { DdlVersion, RunMode } from './version.ts'

/** The cluster that statements are written for. */
export interface TargetCluster {
  readonly version: DdlVersion
  readonly runMode: RunMode
  /** FE settings `enable_experimental_gin`, `…_vector`, `…_rowstore` of the target; absent means off, the default. */
  readonly experimental?: { readonly gin?: boolean; readonly vector?: boolean; readonly rowstore?: boolean }
  /** Whether the target's nodes read tables with bundled files or range distribution (patch level); absent means unknown. */
  readonly readsBundledFiles?: boolean
}

/** The target's name of a table, view or materialized view of the source. */
export interface ObjectName {
  readonly database: string
  readonly name: string
}

/** Maps a source name to the target's; what is not renamed comes back as it is. */
export type Rename = (source: ObjectName) => ObjectName

export const keepNames: Rename = (source) => source

/** Operator's wishes for the copy. */
export interface Placement {
  /** Replaces the source's replication_num. */
  readonly replicationNum?: number
  /** Storage volume of a shared-data target. */
  readonly storageVolume?: string
  /** Replaces enable_persistent_index of primary key tables. */
  readonly persistentIndex?: boolean
  /** persistent_index_type on a shared-data target; CLOUD_NATIVE by default. */
  readonly persistentIndexType?: 'CLOUD_NATIVE' | 'LOCAL'
}
