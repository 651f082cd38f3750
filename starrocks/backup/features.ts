import type { RunMode } from '../capabilities.ts'
import type { Version } from '../version.ts'
import { hasNewGrammar, hasSnapshotLifetime } from './grammar.ts'
import { type Support, since } from './since.ts'

/** What BACKUP and RESTORE of a cluster can do. `unknown`: builds of this line differ; the statement tells. */
export interface BackupFeatures {
  /** Why there is no backup at all; everything else is false then. */
  refusal?: { reason: string; instead: string }
  /** BACKUP DATABASE …, RESTORE … DATABASE a AS b, a missing target database made by RESTORE (≥ 3.4). */
  newGrammar: boolean
  views: boolean
  functions: boolean
  /** Backing up external catalogs (≥ 3.4). In 4.1 as it was seen it always fails. */
  catalogs: Support
  catalogRestore: boolean
  /** Asynchronous materialized views by name (≥ 3.2.3). */
  materializedViews: Support
  /** Without this frontend setting (false by default) ALL and whole databases pass over materialized views. */
  materializedViewSetting?: 'enable_backup_materialized_view'
  /** Tables with list partitions, those of several partition expressions included. */
  listPartitions: Support
  /** DROP SNAPSHOT (≥ 4.2). */
  dropSnapshot: boolean
  /** The property `ttl` of BACKUP (≥ 4.2). */
  snapshotTtl: boolean
  /** Backends upload with as many threads as they have cores; before, with one unless told otherwise. */
  uploadsByCores: Support
  /** Uploads to S3 go to their final names at once; before, `.part` objects were copied. */
  uploadsWithoutRename: Support
  /** The frontend setting `enable_colocate_restore`, which lets a new table keep its group. */
  colocateRestore: Support
}

/** By version and run mode. What is broken in particular versions is told by `knownBackupBugs`. */
export function backupFeatures(version: Version, runMode: RunMode): BackupFeatures {
  if (runMode === 'shared_data') return { ...none, refusal: sharedDataRefusal }
  const newGrammar = hasNewGrammar(version)
  const materializedViews = since(version, [[3, 2, 3]])
  return {
    newGrammar,
    views: newGrammar,
    functions: newGrammar,
    catalogs: newGrammar && (version.major === 4 && version.minor === 1 ? 'unknown' : true),
    catalogRestore: newGrammar,
    materializedViews,
    materializedViewSetting: materializedViews ? 'enable_backup_materialized_view' : undefined,
    // A 3.3.3 refused them; 3.1 got the change too late for all but its last releases.
    listPartitions: since(version, [
      [3, 1, 16],
      [3, 2, 12],
      [3, 3, 6],
    ]),
    dropSnapshot: hasSnapshotLifetime(version),
    snapshotTtl: hasSnapshotLifetime(version),
    uploadsByCores: since(version, [
      [3, 2, 12],
      [3, 3, 6],
    ]),
    uploadsWithoutRename: since(version, [[3, 3, 6]]),
    colocateRestore: since(version, [
      [3, 2, 10],
      [3, 3, 3],
    ]),
  }
}

/** Shared data has neither BACKUP nor RESTORE, in any version. */
export const sharedDataRefusal = {
  reason: 'StarRocks has no BACKUP and RESTORE on clusters of shared data',
  instead:
    'Their data lie in object storage already: switch on automated cluster snapshots (ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON, from 3.4.2 on), which restore the whole cluster only, or migrate tables to another cluster',
} as const

const none: BackupFeatures = {
  newGrammar: false,
  views: false,
  functions: false,
  catalogs: false,
  catalogRestore: false,
  materializedViews: false,
  listPartitions: false,
  dropSnapshot: false,
  snapshotTtl: false,
  uploadsByCores: false,
  uploadsWithoutRename: false,
  colocateRestore: false,
}
