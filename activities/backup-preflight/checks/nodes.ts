import type { Finding } from '../../../contract/findings.ts'
import { fatal, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { knownBackupBugs } from '../../../starrocks/index.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** A disk beyond this is held to be nearly full: local snapshots keep what compactions would free. */
const NEARLY_FULL = 92

/** Frontends and backends that are down or on their way out. */
export function checkNodes({ side, of, frontends, backends, spec }: ClusterFacts): Finding[] {
  const cluster = spec.cluster
  const findings: Finding[] = frontends
    .filter(({ alive }) => !alive)
    .map(({ host, error }) =>
      warning(
        'frontend-down',
        `${cluster} ${host}`,
        `Frontend ${host} of ${cluster} is down${error ? `: ${error}` : ''}`,
        'Jobs go on as long as a majority is left',
      ),
    )
  if (side.runMode === 'shared_data') return findings
  if (!backends.some(({ alive, decommissioned }) => alive && !decommissioned)) {
    return [
      ...findings,
      fatal(
        'no-backends',
        cluster,
        `${cluster} has no living backend`,
        'Start them, and look at SHOW BACKENDS for the reason',
      ),
    ]
  }
  const chosen = of === 'backup' && knownBackupBugs(side.version).some(({ id }) => id === 'dead-replicas')
  const also = chosen ? '; this version may choose replicas there, and the job then fails' : ''
  for (const { host, alive, decommissioned, error, maxDiskUsedPercent } of backends) {
    const subject = `${cluster} ${host}`
    if (!alive) {
      findings.push(
        warning(
          'backend-down',
          subject,
          `Backend ${host} of ${cluster} is down${error ? `: ${error}` : ''}${also}`,
          of === 'backup'
            ? 'Tables whose only replicas are there cannot be backed up until it is back'
            : 'New tables cannot be placed there',
        ),
      )
    } else if (decommissioned) {
      findings.push(
        warning(
          'backend-decommissioned',
          subject,
          `Backend ${host} of ${cluster} is being decommissioned${also}`,
          'Wait until it is gone: its tablets move meanwhile',
        ),
      )
    } else if (of === 'backup' && (maxDiskUsedPercent ?? 0) > NEARLY_FULL) {
      findings.push(
        warning(
          'backend-disk-full',
          subject,
          `A disk of ${host} is ${maxDiskUsedPercent} % full; while it uploads, nothing that compactions replace is freed`,
          'Free space there, or back up fewer tables at once (snapshot.tables)',
        ),
      )
    }
  }
  return findings
}
