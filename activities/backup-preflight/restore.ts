import { ApplicationFailure } from '@temporalio/common'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { formatBytes } from '../../contract/bytes.ts'
import type { DoctorResult, Finding } from '../../contract/findings.ts'
import { doctorResult } from '../../planning/backup-preflight/doctor-result.ts'
import { fatal, warning } from '../../planning/backup-preflight/make-finding.ts'
import { StorageError } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { facts } from '../pollers/facts.ts'
import { checkCluster } from '../preflight/connect.ts'
import { repositoryOn } from '../restore/attach-repository.ts'
import { lookBeforeRestore } from '../restore/check-restore.ts'
import { configured } from './checks/repository.ts'

/** Of names that a plan makes up: nothing is made. */
const HASH_OF_PLANS = 'xxxxxx'

/** Everything that would stop or spoil a restore: that of the plan, and that of cluster, repository and backup. Changes nothing. */
export async function restorePreflight(
  deps: Dependencies,
  { spec }: { spec: RestoreSpec },
  signal?: AbortSignal,
): Promise<DoctorResult> {
  const stop = (finding: Finding) => doctorResult([finding], {}, spec.ignore)
  const connection = await checkCluster(deps, spec.cluster, 'cluster', signal)
  if (connection.length > 0) return doctorResult(connection, {}, spec.ignore)
  const handle = configured({ deps, spec })
  if ('code' in handle) return stop(handle)
  const { cluster } = deps.cluster(spec.cluster)
  try {
    const found = await repositoryOn(cluster, handle)
    const repository = found ? { ...found, attached: false } : { writable: false, attached: true }
    const look = await lookBeforeRestore(deps, spec, HASH_OF_PLANS, repository, signal)
    const { record, tables } = look.outline
    const { version } = await facts(cluster).capabilities()
    const bytes = record.bytes
    const notes = look.warnings.map((text) => warning('restore-note', record.id, text))
    return doctorResult(
      [...look.findings, ...notes],
      {
        backup: record.id,
        'backup of': `${record.database || 'external catalogs'} of ${record.cluster}, StarRocks ${record.version}`,
        [`cluster ${spec.cluster}`]: version.text,
        tables: String(tables.length),
        ...(bytes === undefined ? {} : { data: formatBytes(bytes) }),
      },
      spec.ignore,
    )
  } catch (error) {
    if (error instanceof StorageError) {
      return stop(
        fatal(
          'store-unreachable',
          spec.repository,
          error.message,
          'Single snapshots can be restored by from.label without it; else check `access` of the repository',
        ),
      )
    }
    // Refused: there is no such backup, or nothing to restore of it, or the repository is another one.
    if (error instanceof ApplicationFailure && error.nonRetryable) {
      return stop(fatal('restore-impossible', spec.name, error.message))
    }
    throw error
  }
}
