import type { BackupRecord } from '../../contract/backup/record.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { RestoreBasis } from '../../planning/restore/restore-basis.ts'
import { outlineRestore } from '../../planning/restore/restore-plan.ts'
import { restoreSteps, stepCodes } from '../../planning/restore/restore-steps.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { facts } from '../pollers/facts.ts'
import { RowCounter } from '../row-counts/index.ts'
import { readBareRecord } from './bare-record.ts'
import { readRecord } from './read-record.ts'
import { repositoryOf } from './repository-of.ts'
import type { RestoreContext } from './restore-context.ts'
import { corruptRestore, refusedRestore } from './restore-failures.ts'

export interface RestoreInput {
  spec: RestoreSpec
  basis: RestoreBasis
}

/** The record that a basis names. */
export async function recordOf(
  deps: Dependencies,
  cluster: StarRocksCluster,
  { spec, basis }: RestoreInput,
): Promise<BackupRecord> {
  if (basis.bare) return readBareRecord(cluster, spec.repository, basis.backup)
  const record = await readRecord(await repositoryOf(deps, spec.repository), basis.backup)
  if (!record) throw corruptRestore(`The record of backup ${basis.backup} is gone from repository ${spec.repository}`)
  return record
}

/** The plan as it was when the restore was checked, made anew. Errors: StorageError, StarRocksError, Corrupt, Refused. */
export async function openRestore(
  deps: Dependencies,
  input: RestoreInput,
  more: Pick<RestoreContext, 'signal' | 'tell' | 'warn'>,
): Promise<RestoreContext> {
  const { spec, basis } = input
  const { cluster } = deps.cluster(spec.cluster)
  const [{ version }, record] = await Promise.all([facts(cluster).capabilities(), recordOf(deps, cluster, input)])
  const outline = outlineRestore(record, spec, basis)
  const steps = restoreSteps(outline)
  if (stepCodes(steps) !== basis.steps) {
    throw refusedRestore(
      `The steps of this restore are no longer those that it was begun with: it was begun by another version of starferry. Cancel it and begin again`,
    )
  }
  return { deps, cluster, version, spec, basis, outline, steps, counter: new RowCounter(cluster, more.signal), ...more }
}
