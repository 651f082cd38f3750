import { isAtLeast, type Version } from '../version.ts'
import { error, type RepositoryFinding, warning } from './repository-finding.ts'

/**
 * Without a broker, the frontend refuses Kerberos and namenodes of high availability among the properties (HdfsFsManager): they belong into
 * its own and the backends' core-site.xml and hdfs-site.xml. Seen in the sources up to 3.4.
 */
export function checkHdfs(
  properties: Readonly<Record<string, string>>,
  broker: string | undefined,
  version: Version | undefined,
): RepositoryFinding[] {
  if (broker !== undefined) return []
  const severe = version !== undefined && isAtLeast(version, 3, 5) ? warning : error
  const findings: RepositoryFinding[] = []
  const authentication = properties['hadoop.security.authentication'] ?? ''
  if (authentication !== '' && authentication !== 'simple') {
    findings.push(
      severe(
        'kerberos',
        'Without a broker StarRocks takes Kerberos from its configuration files, not from the repository’s properties',
        'Put it into core-site.xml of all frontends and backends and leave it out here, or name a broker',
      ),
    )
  }
  if ((properties['dfs.nameservices'] ?? '') !== '') {
    findings.push(
      severe(
        'high-availability',
        'Without a broker StarRocks takes the namenodes from its configuration files, not from the repository’s properties',
        'Put the dfs.* settings into hdfs-site.xml of all frontends and backends and leave them out here, or name a broker',
      ),
    )
  }
  return findings
}
