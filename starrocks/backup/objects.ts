/** A table to be backed up: whole, or only these of its partitions. */
export interface BackupTable {
  name: string
  /** Names of partitions; leaving it out means all of them. The shadow partition of automatic tables counts as one and must be named. */
  partitions?: readonly string[]
}

/** What of a database, or which external catalogs, one BACKUP statement takes. */
export type BackupObjects =
  | { kind: 'database' }
  | {
      kind: 'objects'
      tables?: readonly BackupTable[]
      materializedViews?: readonly string[]
      views?: readonly string[]
      /** Names without arguments: all functions of that name. */
      functions?: readonly string[]
      allTables?: boolean
      allMaterializedViews?: boolean
      allViews?: boolean
      allFunctions?: boolean
    }
  | { kind: 'catalogs'; names: readonly string[] | 'all' }

/** An object of a snapshot, and what it shall be called. StarRocks takes an alias only for a name that does not exist in the target yet. */
export interface RestoreObject {
  name: string
  as?: string
}

export interface RestoreTable extends RestoreObject {
  partitions?: readonly string[]
}

/** What of a snapshot one RESTORE statement takes. A plain name stands for `{ name }`. */
export type RestoreObjects =
  /** Everything that the snapshot holds. */
  | { kind: 'database' }
  | {
      kind: 'objects'
      tables?: readonly RestoreTable[]
      materializedViews?: readonly (RestoreObject | string)[]
      views?: readonly (RestoreObject | string)[]
      functions?: readonly (RestoreObject | string)[]
      allTables?: boolean
      allMaterializedViews?: boolean
      allViews?: boolean
      allFunctions?: boolean
    }
  | { kind: 'catalogs'; names: readonly (RestoreObject | string)[] | 'all' }
