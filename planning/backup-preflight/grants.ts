/** What SHOW GRANTS of a user, and of its roles, says of one privilege on tables. */
export interface TableGrants {
  everything: boolean
  databases: ReadonlySet<string>
  /** `db.table` */
  tables: ReadonlySet<string>
}

const GRANT = /^\s*GRANT\s+(.+?)\s+ON\s+(.+)\s+TO\s+(?:USER|ROLE)\s/is

/** Roles that a user or role has been granted: `GRANT 'a', 'b' TO 'u'@'%'`. */
export function grantedRoles(grants: readonly string[]): string[] {
  return grants.flatMap((text) => {
    if (GRANT.test(text)) return []
    const match = /^\s*GRANT\s+(.+?)\s+TO\s/is.exec(text)
    return [...(match?.[1] ?? '').matchAll(/'([^']*)'|([^\s,']+)/g)].map((name) => name[1] ?? name[2] ?? '')
  })
}

/** Builtin roles that may do everything with tables. */
export const MAY_EVERYTHING: ReadonlySet<string> = new Set(['root', 'db_admin'])

/** Whether grants, as printed, give a privilege on tables, or on views; names stand unquoted in them. */
export function tableGrants(
  grants: readonly string[],
  privilege: string,
  kind: 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW' = 'TABLE',
): TableGrants {
  const every = new RegExp(`^ALL ${kind}S IN (ALL DATABASES|DATABASE (.+))$`, 'is')
  const some = new RegExp(`^${kind}S? (.+)$`, 'is')
  const databases = new Set<string>()
  const tables = new Set<string>()
  let everything = false
  for (const on of grantedObjects(grants, privilege)) {
    const all = every.exec(on)
    if (all) {
      if (all[2] === undefined) everything = true
      else addNames(databases, all[2])
    } else addNames(tables, some.exec(on)?.[1])
  }
  return { everything, databases, tables }
}

/** Databases on which grants, as printed, give a privilege of databases such as CREATE TABLE. */
export function databaseGrants(grants: readonly string[], privilege: string): Omit<TableGrants, 'tables'> {
  const databases = new Set<string>()
  let everything = false
  for (const on of grantedObjects(grants, privilege)) {
    if (/^ALL DATABASES$/i.test(on)) everything = true
    addNames(databases, /^DATABASES? (.+)$/is.exec(on)?.[1])
  }
  return { everything, databases }
}

/** What stands behind ON in those grants, as printed, that give a privilege, or all of them. */
export function* grantedObjects(grants: readonly string[], privilege: string): Generator<string> {
  for (const text of grants) {
    const match = GRANT.exec(text)
    if (!match) continue
    const [, privileges = '', on = ''] = match
    const given = privileges.split(',').map((one) => one.trim().toUpperCase())
    if (given.includes(privilege.toUpperCase()) || given.some((one) => /^ALL(?: PRIVILEGES)?$/.test(one)))
      yield on.trim()
  }
}

function addNames(to: Set<string>, list: string | undefined): void {
  for (const name of list?.split(',') ?? []) to.add(plainName(name))
}

/** Of a list behind ON. */
export const plainName = (name: string) => name.trim().replaceAll('`', '')
