import type { Finding } from '../../../contract/index.ts'
import { createDatabaseProbe, probePrivileges, StarRocksError, showGrants } from '../../../starrocks/index.ts'
import { grant } from '../connect.ts'
import type { Check } from '../context.ts'

/**
 * What the target's user may do: creating databases is tried on one that exists, which changes nothing. Creating and altering tables cannot be tried
 * without doing it, so the grants are read.
 */
export const checkPrivileges: Check = async ({ target, signal }) => {
  const { cluster, name } = target.side
  const { user } = cluster.options
  const findings: Finding[] = []
  const [existing] = [...target.inventory.databases.keys()].filter(
    (database) => !/^(information_schema|sys)$/.test(database),
  )
  if (existing !== undefined) {
    for (const probe of await probePrivileges(cluster, [createDatabaseProbe(existing)], { signal })) {
      if (probe.allowed !== false) continue
      findings.push({
        code: 'privilege-missing',
        level: 'fatal',
        subject: name,
        message: `${user} may not ${probe.purpose} on ${name}: the privilege ${probe.missing ?? 'CREATE DATABASE'} is missing`,
        remedy: grant(user, probe.missing),
      })
    }
  }
  const grants = await showGrants(cluster, { signal }).catch((error: unknown) => {
    if (error instanceof StarRocksError && error.kind === 'Denied') return undefined
    throw error
  })
  if (grants !== undefined && !mayWrite(grants)) {
    findings.push({
      code: 'privilege-unproven',
      level: 'warning',
      subject: name,
      message: `The grants of ${user} on ${name} do not show that it may create, alter and drop tables, and load into them`,
      remedy: `Grant CREATE TABLE ON ALL DATABASES, and ALTER, DROP, INSERT, SELECT ON ALL TABLES IN ALL DATABASES to ${user}, or the role db_admin`,
    })
  }
  return findings
}

function mayWrite(grants: readonly string[]): boolean {
  if (grants.some((text) => /GRANT\s+(?:[^,]*,\s*)*'?(root|db_admin)'?/i.test(text))) return true
  return (
    /\b(CREATE TABLE|ALL(?: PRIVILEGES)?)\b/i.test(grants.join('\n')) &&
    /\b(ALTER|ALL(?: PRIVILEGES)?)\b/i.test(grants.join('\n'))
  )
}
