import type { TableRecord } from '../../contract/backup/record.ts'

/** Physical partitions, by id and visible version, sorted by id. 64-bit numbers are text. */
export type PhysicalVersions = readonly (readonly [id: string, version: string])[]

/** A partition as the cluster shows it now. */
export interface PartitionState {
  physical: PhysicalVersions
  /**
   * When the versions became visible, as printed; with where it was read in front. Only to be compared: after an in-place restore a partition may have the
   * same id and the same version as before, and other rows.
   */
  time?: string
  /** Range or list values as SHOW PARTITIONS prints them. */
  value?: string
  list?: (string | null)[][]
  buckets?: number
  replication?: number
  medium?: string
  bytes: number
}

export interface TableState {
  id: string
  partitioning: TableRecord['partitioning']
  fingerprint: string
  ddl: string
  partitions: ReadonlyMap<string, PartitionState>
  /** Distributed at random: its partitions may have several physical ones. */
  random: boolean
  /** Only some of its partitions are wanted at all; the others are not in `partitions`. */
  partial: boolean
  colocateGroup?: string
  dynamic?: boolean
}

export interface MaterializedViewState {
  physical: PhysicalVersions
  /** See PartitionState. */
  time?: string
  ddl: string
  bytes: number
  partitions: number
}

/** What is to be in a backup of a database, as it is now. */
export interface DatabaseState {
  tables: ReadonlyMap<string, TableState>
  materializedViews: ReadonlyMap<string, MaterializedViewState>
  views: ReadonlyMap<string, { ddl: string }>
  functions: ReadonlyMap<string, { ddl?: string }>
  /** What no snapshot can hold and a statement makes again: recorded by its definition alone. */
  definitions?: {
    views: ReadonlyMap<string, { ddl: string }>
    materializedViews: ReadonlyMap<string, { ddl: string }>
  }
}

export const isAutomatic = (table: Pick<TableState, 'partitioning'>) => table.partitioning.startsWith('automatic')
