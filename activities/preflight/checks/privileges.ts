import type { Finding } from '../../../contract/index.ts'
import { databaseGrants, MAY_EVERYTHING, tableGrants } from '../../../planning/backup-preflight/grants.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { createDatabaseProbe, isAtLeast, probePrivileges } from '../../../starrocks/index.ts'
import { grantsOfUser } from '../../backup-preflight/checks/privileges.ts'
import type { InventoryEntry, ObjectKind } from '../../metadata/inventory.ts'
import type { PlanningSession } from '../../metadata/plan-table.ts'
import { grant } from '../connect.ts'
import type { Check, PreflightContext } from '../context.ts'

/** What a migration does on the target that needs a privilege, and for which objects of the source. */
const NEEDED: readonly {
  privilege: string
  on: 'DATABASE' | 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW'
  of: ObjectKind
  what: string
  must: boolean
}[] = [
  { privilege: 'CREATE TABLE', on: 'DATABASE', of: 'table', what: 'make tables', must: true },
  { privilege: 'ALTER', on: 'TABLE', of: 'table', what: 'add partitions and follow changes of columns', must: true },
  { privilege: 'DROP', on: 'TABLE', of: 'table', what: 'make tables again and drop partitions', must: true },
  { privilege: 'DELETE', on: 'TABLE', of: 'table', what: 'empty partitions (TRUNCATE)', must: true },
  // The RPC asks for none in the versions that are known; those to come may.
  { privilege: 'INSERT', on: 'TABLE', of: 'table', what: 'replicate into tables', must: false },
  { privilege: 'SELECT', on: 'TABLE', of: 'table', what: 'see all partitions with one statement', must: false },
  { privilege: 'CREATE VIEW', on: 'DATABASE', of: 'view', what: 'make views', must: true },
  { privilege: 'DROP', on: 'VIEW', of: 'view', what: 'make views again that changed', must: true },
  {
    privilege: 'CREATE MATERIALIZED VIEW',
    on: 'DATABASE',
    of: 'materialized view',
    what: 'make materialized views',
    must: true,
  },
  {
    privilege: 'DROP',
    on: 'MATERIALIZED VIEW',
    of: 'materialized view',
    what: 'make materialized views again that changed',
    must: true,
  },
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
  const databases = targetDatabases(session, tables)
  // Older versions have other privileges.
  if ([...databases.values()].every((names) => names.length === 0) || !isAtLeast(side.version, 3, 0)) return []
  const { user } = side.cluster.options
  const { texts, roles, complete } = await grantsOfUser({ side, settings, signal })
  if ([...roles].some((role) => MAY_EVERYTHING.has(role))) return []
  return NEEDED.flatMap(({ privilege, on, of, what, must }): Finding[] => {
    const given = on === 'DATABASE' ? databaseGrants(texts, privilege) : tableGrants(texts, privilege, on)
    const lacking = given.everything ? [] : (databases.get(of) ?? []).filter((name) => !given.databases.has(name))
    if (lacking.length === 0) return []
    const scope = on === 'DATABASE' ? 'ALL DATABASES' : `ALL ${on}S IN ALL DATABASES`
    const without = of === 'table' ? '' : `, or set sync.${of === 'view' ? 'views' : 'materializedViews'} to false`
    const remedy = `GRANT ${privilege} ON ${scope} TO USER '${user}', or use a user with the role db_admin${without}`
    const where = `${someOf(lacking)} of ${side.name}`
    const named = on === 'DATABASE' || on === 'TABLE' ? privilege : `${privilege} on ${on.toLowerCase()}s`
    if (!complete) {
      return [
        {
          code: 'privilege-unproven',
          level: 'warning',
          subject: side.name,
          message: `Not all grants of ${user} can be read: whether it has ${named} in ${where}, to ${what}, is unknown`,
          remedy,
        },
      ]
    }
    return [
      {
        code: must ? 'privilege-missing' : 'privilege-not-granted',
        level: must ? 'fatal' : 'warning',
        subject: side.name,
        message: `${user} may not ${what}: the privilege ${named} is not granted in ${where}`,
        remedy,
      },
    ]
  })
}

/** The databases into which something of a kind is to go. */
function targetDatabases(
  { pair, source }: PlanningSession,
  tables: readonly InventoryEntry[],
): ReadonlyMap<ObjectKind, string[]> {
  const { sync } = pair.spec
  const into = (entries: Iterable<InventoryEntry>) => [
    ...new Set([...entries].map((entry) => pair.rename(entry).database)),
  ]
  const selected = (kind: ObjectKind) =>
    [...source.of(kind)].filter(({ database, name }) => pair.selection.includes(database, name))
  return new Map([
    ['table', into(tables)],
    ['view', sync.views ? into(selected('view')) : []],
    ['materialized view', sync.materializedViews ? into(selected('materialized view')) : []],
  ])
}
