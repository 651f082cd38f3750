import type { Finding } from '../../../contract/findings.ts'
import { grantedRoles, MAY_EVERYTHING, tableGrants } from '../../../planning/backup-preflight/grants.ts'
import { fatal, someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { grantsFor, isAtLeast, probePrivileges, showGrants } from '../../../starrocks/index.ts'
import { grant } from '../../preflight/connect.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import { unlessRefused } from '../unless-refused.ts'

/** Tried, since it changes nothing: SHOW BACKUP needs what BACKUP, RESTORE and CANCEL need. */
export async function checkRepositoryPrivilege({ side, spec, of, signal }: ClusterFacts): Promise<Finding[]> {
  const purpose = of === 'backup' ? 'back up' : 'restore'
  const sql = of === 'backup' ? 'SHOW BACKUP' : 'SHOW RESTORE'
  const [probe] = await probePrivileges(side.cluster, [{ purpose, sql }], { signal })
  if (probe?.allowed !== false) return []
  const { user } = side.cluster.options
  return [
    fatal(
      'privilege-missing',
      spec.cluster,
      `${user} may not ${purpose} on ${spec.cluster}: the privilege ${probe.missing ?? 'REPOSITORY on SYSTEM'} is missing`,
      grant(user, probe.missing ?? 'REPOSITORY on SYSTEM'),
    ),
  ]
}

/** How deep roles in roles are followed. */
const DEPTH = 16

/** All grants of the user, those of its roles included; `complete` is false where a role's cannot be read. */
export async function grantsOfUser({ side, signal }: Pick<ClusterFacts, 'side' | 'signal'>): Promise<{
  texts: string[]
  roles: Set<string>
  complete: boolean
}> {
  const texts = (await showGrants(side.cluster, { signal }).catch(unlessRefused)) ?? []
  const roles = new Set<string>()
  let complete = texts.length > 0
  let next = grantedRoles(texts)
  for (let depth = 0; depth < DEPTH && next.length > 0; depth++) {
    const found: string[] = []
    for (const role of next) {
      if (roles.has(role)) continue
      roles.add(role)
      if (MAY_EVERYTHING.has(role)) continue
      const grants = await grantsFor(side.cluster, { role }, { signal }).catch(unlessRefused)
      if (!grants) complete = false
      else found.push(...grants.map(({ statement }) => statement))
    }
    texts.push(...found)
    next = grantedRoles(found)
  }
  return { texts, roles, complete }
}

/**
 * Whether the user's grants show a privilege on tables. It cannot be tried without doing it; and without EXPORT on a single table of a single job SHOW BACKUP
 * shows no job at all. Before 3.0 there are other privileges.
 */
export async function checkTablePrivilege(
  context: ClusterFacts,
  privilege: 'EXPORT' | 'INSERT',
  tables: ReadonlyMap<string, readonly string[]>,
): Promise<Finding[]> {
  const { side, spec } = context
  if (tables.size === 0 || !isAtLeast(side.version, 3, 0)) return []
  const { texts, roles } = await grantsOfUser(context)
  if ([...roles].some((role) => MAY_EVERYTHING.has(role))) return []
  const granted = tableGrants(texts, privilege)
  if (granted.everything) return []
  const lacking = [...tables].filter(
    ([database, names]) =>
      !granted.databases.has(database) && names.some((name) => !granted.tables.has(`${database}.${name}`)),
  )
  if (lacking.length === 0) return []
  const { user } = side.cluster.options
  const names = lacking.map(([database]) => database)
  const hidden = privilege === 'EXPORT' ? '; without it on every table, SHOW BACKUP shows no job at all' : ''
  return [
    warning(
      'privilege-unproven',
      spec.cluster,
      `The grants of ${user} on ${spec.cluster} do not show ${privilege} on all tables of ${someOf(names)}${hidden}`,
      `GRANT ${privilege} ON ALL TABLES IN ALL DATABASES TO USER '${user}', or use a user with the role db_admin`,
    ),
  ]
}
