import type { Finding } from '../../../contract/index.ts'
import { databaseGrants, MAY_EVERYTHING, tableGrants } from '../../../planning/backup-preflight/grants.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { createDatabaseProbe, isAtLeast, probePrivileges } from '../../../starrocks/index.ts'
import { grantsOfUser } from '../../backup-preflight/checks/privileges.ts'
import { grant } from '../connect.ts'
import type { Check, PreflightContext } from '../context.ts'

/** What a migration does on the target that needs a privilege, and for what. */
const NEEDED: readonly { privilege: string; on: 'database' | 'table'; what: string; must: boolean }[] = [
  { privilege: 'CREATE TABLE', on: 'database', what: 'make tables', must: true },
  { privilege: 'ALTER', on: 'table', what: 'add partitions and follow changes of columns', must: true },
  { privilege: 'DROP', on: 'table', what: 'make tables again and drop partitions', must: true },
  { privilege: 'DELETE', on: 'table', what: 'empty partitions (TRUNCATE)', must: true },
  // The RPC asks for none in the versions that are known; those to come may.
  { privilege: 'INSERT', on: 'table', what: 'replicate into tables', must: false },
  { privilege: 'SELECT', on: 'table', what: 'see all partitions with one statement', must: false },
]

/**
 * What the target's user may do. Creating databases is tried on one that exists, which changes nothing. What cannot be tried without doing it is
 * looked up in the grants, those of roles included. A privilege that is certainly missing is named and fatal; where grants cannot be read, that is said.
 */
export const checkPrivileges: Check = async (context) => [
  ...(await tryCreateDatabase(context)),
  ...(await lookUpGrants(context)),
]

async function tryCreateDatabase({ target, signal }: PreflightContext): Promise<Finding[]> {
  const { cluster, name } = target.side
  const { user } = cluster.options
  const [existing] = [...target.inventory.databases.keys()].filter(
    (database) => !/^(information_schema|sys)$/.test(database),
  )
  if (existing === undefined) return []
  const probed = await probePrivileges(cluster, [createDatabaseProbe(existing)], { signal })
  return probed
    .filter((probe) => probe.allowed === false)
    .map((probe) => ({
      code: 'privilege-missing',
      level: 'fatal',
      subject: name,
      message: `${user} may not ${probe.purpose} on ${name}: the privilege ${probe.missing ?? 'CREATE DATABASE'} is missing`,
      remedy: grant(user, probe.missing),
    }))
}

async function lookUpGrants({ session, target, tables, signal }: PreflightContext): Promise<Finding[]> {
  const { side, settings } = target
  // Older versions have other privileges.
  if (tables.length === 0 || !isAtLeast(side.version, 3, 0)) return []
  const { user } = side.cluster.options
  const { texts, roles, complete } = await grantsOfUser({ side, settings, signal })
  if ([...roles].some((role) => MAY_EVERYTHING.has(role))) return []
  const databases = [...new Set(tables.map((entry) => session.pair.rename(entry).database))]
  return NEEDED.flatMap(({ privilege, on, what, must }): Finding[] => {
    const given = on === 'database' ? databaseGrants(texts, privilege) : tableGrants(texts, privilege)
    const lacking = given.everything ? [] : databases.filter((database) => !given.databases.has(database))
    if (lacking.length === 0) return []
    const scope = on === 'database' ? 'ALL DATABASES' : 'ALL TABLES IN ALL DATABASES'
    const remedy = `GRANT ${privilege} ON ${scope} TO USER '${user}', or use a user with the role db_admin`
    const where = `${someOf(lacking)} of ${side.name}`
    if (!complete) {
      return [
        {
          code: 'privilege-unproven',
          level: 'warning',
          subject: side.name,
          message: `Not all grants of ${user} can be read: whether it has ${privilege} in ${where}, to ${what}, is unknown`,
          remedy,
        },
      ]
    }
    return [
      {
        code: must ? 'privilege-missing' : 'privilege-not-granted',
        level: must ? 'fatal' : 'warning',
        subject: side.name,
        message: `${user} may not ${what}: the privilege ${privilege} is not granted in ${where}`,
        remedy,
      },
    ]
  })
}
