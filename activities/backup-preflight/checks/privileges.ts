import type { Finding } from '../../../contract/findings.ts'
import { grantedRoles, MAY_EVERYTHING, tableGrants } from '../../../planning/backup-preflight/grants.ts'
import { fatal, info, someOf, unlessScheduled, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { grantStatement, isGranted, type Need, needText } from '../../../planning/backup-preflight/needs.ts'
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

/** Everybody has this role. */
const PUBLIC = 'public'
/** How deep roles in roles are followed. */
const DEPTH = 16

/**
 * All grants of the user, those of its roles included; `complete` is false where not all can be known from here. `publicRead`: also those of the role
 * that everybody has, which is empty unless somebody granted to it, and which only who may GRANT can read.
 */
export async function grantsOfUser({
  side,
  settings,
  signal,
}: Pick<ClusterFacts, 'side' | 'settings' | 'signal'>): Promise<{
  texts: string[]
  roles: Set<string>
  complete: boolean
  publicRead: boolean
}> {
  const texts = (await showGrants(side.cluster, { signal }).catch(unlessRefused)) ?? []
  const roles = new Set<string>()
  // Ranger and others grant without StarRocks' knowing.
  let complete = texts.length > 0 && (settings.get('access_control')?.value ?? 'native') === 'native'
  let publicRead = true
  // SHOW GRANTS does not name it.
  let next = [...grantedRoles(texts), PUBLIC]
  for (let depth = 0; depth < DEPTH && next.length > 0; depth++) {
    const found: string[] = []
    for (const role of next) {
      if (roles.has(role)) continue
      roles.add(role)
      if (MAY_EVERYTHING.has(role)) continue
      const grants = await grantsFor(side.cluster, { role }, { signal }).catch(unlessRefused)
      if (!grants && role === PUBLIC) publicRead = false
      else if (!grants) complete = false
      else found.push(...grants.map(({ statement }) => statement))
    }
    texts.push(...found)
    next = grantedRoles(found)
  }
  return { texts, roles, complete, publicRead }
}

/** Most of what is missing is missing on all of many tables. */
const MOST_STATEMENTS = 10

/**
 * Whether the user's grants give what a backup or restore needs, which cannot be tried without doing it. What is certainly missing is fatal to who waits for the
 * answer; where grants come from elsewhere, or cannot all be read, nothing is known, and StarRocks will tell. Before 3.0 there are other privileges.
 */
export async function checkNeeds(context: ClusterFacts, needs: readonly Need[], scheduled = false): Promise<Finding[]> {
  const { side, spec } = context
  if (needs.length === 0) return []
  const { user } = side.cluster.options
  if (!isAtLeast(side.version, 3, 0)) {
    return [
      info(
        'privileges-unknown',
        spec.cluster,
        `Whether ${user} may do all of it is not known: StarRocks ${side.version.text} has other privileges (ADMIN)`,
      ),
    ]
  }
  const { texts, roles, complete, publicRead } = await grantsOfUser(context)
  if ([...roles].some((role) => MAY_EVERYTHING.has(role))) return []
  const missing = needs.filter((need) => !isGranted(need, texts))
  if (missing.length === 0) return []
  const statements = [...new Set(missing.map((need) => grantStatement(need, user)))]
  const more = statements.length > MOST_STATEMENTS ? `; and ${statements.length - MOST_STATEMENTS} more` : ''
  const remedy = `${statements.slice(0, MOST_STATEMENTS).join('; ')}${more}`
  const list = someOf(missing.map(needText))
  if (!complete || !publicRead) {
    const message = `Whether ${user} may do all of it on ${spec.cluster} is not known: its grants, as far as they can be read, do not show ${list}`
    return [info('privileges-unknown', spec.cluster, message, remedy)]
  }
  const certain = missing.some((need) => need.certain)
  const message = `The grants of ${user} on ${spec.cluster} lack ${list}`
  return [
    certain
      ? unlessScheduled(scheduled)('privilege-missing', spec.cluster, message, remedy)
      : warning('privilege-unproven', spec.cluster, message, remedy),
  ]
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
