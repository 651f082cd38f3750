import type { Finding } from '../../../contract/findings.ts'
import { fatal, warning } from '../../../planning/backup-preflight/make-finding.ts'
import type { BackupCheck } from '../backup-context.ts'

/** External catalogs: versions that cannot back them up, and where their secrets go. */
export const checkCatalogs: BackupCheck = ({ wanted, features, side, spec, databases, scheduled }) => {
  if (!wanted.catalogs) return []
  const { text } = side.version
  const findings: Finding[] = []
  if (features.catalogs !== true) {
    const cannot =
      features.catalogs === false
        ? 'cannot back up external catalogs'
        : 'fails to back up external catalogs: “"db" is null”'
    // With databases beside them the rest is worth backing up.
    const make = databases.length === 0 && !scheduled ? fatal : warning
    findings.push(
      make(
        'catalogs-broken',
        spec.cluster,
        `StarRocks ${text} ${cannot}`,
        'Leave catalogs out; their statements, without secrets, are in the companion file of each database',
      ),
    )
  }
  if (features.catalogs !== false) {
    findings.push(
      warning(
        'catalog-secrets',
        spec.repository,
        'Snapshots of external catalogs hold the catalogs’ secrets in clear, in the object __meta',
        'Guard the bucket accordingly, and let it encrypt',
      ),
    )
  }
  return findings
}
