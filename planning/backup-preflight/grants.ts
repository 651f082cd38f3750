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

/** Whether grants, as printed, give a privilege on tables; names stand unquoted in them. */
export function tableGrants(grants: readonly string[], privilege: string): TableGrants {
  const databases = new Set<string>()
  const tables = new Set<string>()
  let everything = false
  for (const text of grants) {
    const match = GRANT.exec(text)
    if (!match) continue
    const [, privileges = '', on = ''] = match
    const given = privileges.split(',').map((one) => one.trim().toUpperCase())
    if (!given.includes(privilege.toUpperCase()) && !given.some((one) => /^ALL(?: PRIVILEGES)?$/.test(one))) continue
    const all = /^ALL TABLES IN (ALL DATABASES|DATABASE (.+))$/is.exec(on.trim())
    if (all) {
      if (all[2] === undefined) everything = true
      else for (const name of all[2].split(',')) databases.add(unquoted(name))
      continue
    }
    const one = /^TABLES? (.+)$/is.exec(on.trim())
    for (const name of one?.[1]?.split(',') ?? []) tables.add(unquoted(name))
  }
  return { everything, databases, tables }
}

/** Databases on which grants, as printed, give a privilege of databases such as CREATE TABLE. */
export function databaseGrants(grants: readonly string[], privilege: string): Omit<TableGrants, 'tables'> {
  const databases = new Set<string>()
  let everything = false
  for (const text of grants) {
    const match = GRANT.exec(text)
    if (!match) continue
    const [, privileges = '', on = ''] = match
    const given = privileges.split(',').map((one) => one.trim().toUpperCase())
    if (!given.includes(privilege.toUpperCase()) && !given.some((one) => /^ALL(?: PRIVILEGES)?$/.test(one))) continue
    if (/^ALL DATABASES$/i.test(on.trim())) everything = true
    const named = /^DATABASES? (.+)$/is.exec(on.trim())
    for (const name of named?.[1]?.split(',') ?? []) databases.add(unquoted(name))
  }
  return { everything, databases }
}

const unquoted = (name: string) => name.trim().replaceAll('`', '')
