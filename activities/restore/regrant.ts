import { quoteName, quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

/** Every grant of every user and role, as SHOW GRANTS prints it. Users and roles that cannot be read are told. */
export async function readGrants(context: RestoreContext): Promise<string[]> {
  const { cluster, signal } = context
  const grantees: string[] = []
  try {
    const users = await cluster.query('SHOW USERS', { signal })
    for (const row of users.rows) grantees.push(row.required('User'))
    const roles = await cluster.query('SHOW ROLES', { signal })
    for (const row of roles.rows) {
      if (!row.flag('Builtin')) grantees.push(`ROLE ${quoteName(row.required('Name'))}`)
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
    context.warn(`Grants could not be read, so they stay with what was replaced: ${error.message}`)
    return []
  }
  const grants = new Set<string>()
  for (const grantee of grantees) {
    try {
      const { rows } = await cluster.query(`SHOW GRANTS FOR ${grantee}`, { signal })
      for (const row of rows) {
        const text = row.get('Grants')
        if (text) grants.add(text)
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }
  return [...grants]
}

export interface Grant {
  privileges: string
  /** TABLE, VIEW, MATERIALIZED VIEW, DATABASE, ALL TABLES IN DATABASE … */
  kind: string
  names: string[]
  /** `USER 'u'@'%'`, WITH GRANT OPTION included. */
  to: string
}

const GRANT =
  /^GRANT ([A-Z_ ,]+?) ON ((?:ALL [A-Z ]+? IN )?(?:TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|DATABASE)) (.+) TO ((?:USER|ROLE) .+)$/s

/** A statement as SHOW GRANTS prints it, or with quoted names; undefined for grants of other kinds. */
export function readGrant(text: string): Grant | undefined {
  const match = GRANT.exec(text.trim())
  if (!match) return undefined
  const [, privileges = '', kind = '', names = '', to = ''] = match
  return { privileges, kind, names: names.split(', '), to }
}

/** The grants that tables had before SWAP, again: they went with the former table, whose name is known now. */
export function tableGrants(
  grants: readonly string[],
  database: string,
  tables: readonly { live: string; former: string }[],
): string[] {
  const byFormer = new Map(tables.map(({ live, former }) => [`${database}.${former}`, live]))
  return grants.flatMap((text) => {
    const grant = readGrant(text)
    if (grant?.kind !== 'TABLE') return []
    return grant.names.flatMap((name) => {
      const live = byFormer.get(name)
      return live === undefined
        ? []
        : [`GRANT ${grant.privileges} ON TABLE ${quoteQualified(database, live)} TO ${grant.to}`]
    })
  })
}

/** The grants on a database and on what is in it, for the one that has its name now. */
export function databaseGrants(grants: readonly string[], former: string, database: string): string[] {
  return grants.flatMap((text) => {
    const grant = readGrant(text)
    if (!grant) return []
    const start = `GRANT ${grant.privileges} ON ${grant.kind}`
    return grant.names.flatMap((name) => {
      if (grant.kind.endsWith('DATABASE')) {
        return name === former ? [`${start} ${quoteName(database)} TO ${grant.to}`] : []
      }
      if (!name.startsWith(`${former}.`)) return []
      const object = name.slice(former.length + 1)
      // A function's name is printed with its arguments.
      const called = grant.kind === 'FUNCTION' ? `${quoteName(database)}.${object}` : quoteQualified(database, object)
      return [`${start} ${called} TO ${grant.to}`]
    })
  })
}

/** Runs them; what is refused is told. */
export async function grantAgain(context: RestoreContext, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    try {
      await context.cluster.execute(statement, { signal: context.signal })
    } catch (error) {
      if (!isRefusal(error)) throw error
      context.warn(`Grant by hand: ${statement} (${error.message})`)
    }
  }
}

const isRefusal = (error: unknown): error is StarRocksError =>
  error instanceof StarRocksError &&
  error.kind !== 'Unreachable' &&
  error.kind !== 'OutcomeUnknown' &&
  error.kind !== 'NotLeader'
