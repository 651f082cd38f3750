import type { Properties } from './statements.ts'

/** One object of an ON clause, or all of a kind. */
export interface SnapshotObjectItem {
  kind: 'table' | 'view' | 'materialized-view' | 'function'
  /** Undefined: all of the kind. */
  name?: string
  partitions?: string[]
  temporary?: boolean
  alias?: string
  /** Where it stands, and where its partitions stand, as StarRocks' errors tell it. */
  place: string
  partitionPlace: string
}

export interface SnapshotCatalogs {
  /** Undefined: all. */
  names?: { name: string; alias?: string }[]
}

/** BACKUP and RESTORE. */
export interface SnapshotStatement {
  label: string
  /** `db.` before the label. */
  prefix?: string
  /** DATABASE d. */
  database?: string
  /** AS after it. */
  databaseAlias?: string
  repository: string
  catalogs?: SnapshotCatalogs
  items?: SnapshotObjectItem[]
  properties: Properties
}
