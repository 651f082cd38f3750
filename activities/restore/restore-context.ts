import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { RestoreBasis } from '../../planning/restore/restore-basis.ts'
import type { RestoreOutline } from '../../planning/restore/restore-plan.ts'
import type { RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import type { StarRocksCluster, Version } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import type { RowCounter } from '../row-counts/index.ts'

/** What the steps of a restore share. */
export interface RestoreContext {
  deps: Dependencies
  cluster: StarRocksCluster
  version: Version
  spec: RestoreSpec
  basis: RestoreBasis
  outline: RestoreOutline
  steps: RestorePlanStep[]
  counter: RowCounter
  signal?: AbortSignal
  /** For people, by way of the heartbeat. */
  tell(doing: string): void
  /** What does not stop the restore, and must be known. */
  warn(warning: string): void
}

/** A snapshot that the restore made itself, to move tables from one database into another. */
export interface OwnSnapshot {
  part: number
  label: string
  timestamp: string
}
