import { quoteName, quoteString } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface UserIdentity {
  user: string
  /** `%` for everywhere. */
  host: string
  /** Whether `host` is a domain name, written in brackets. */
  domain: boolean
}

/** SHOW USERS. Errors: `Denied` without GRANT on SYSTEM. */
export async function listUsers(cluster: Queryable, options?: StatementOptions): Promise<UserIdentity[]> {
  const { rows } = await cluster.query('SHOW USERS', options)
  return rows.map((row) => readIdentity(row.required('User')))
}

export interface UserAuthentication extends UserIdentity {
  hasPassword: boolean
  /** MYSQL_NATIVE_PASSWORD, AUTHENTICATION_LDAP_SIMPLE … What the plugin is told is left out: it may be a password's hash. */
  plugin: string
}

/** SHOW ALL AUTHENTICATION. Passwords can be read by nobody. Errors: `Denied` without GRANT on SYSTEM. */
export async function listAuthentication(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<UserAuthentication[]> {
  const { rows } = await cluster.query('SHOW ALL AUTHENTICATION', options)
  return rows.map((row) => ({
    ...readIdentity(row.required('UserIdentity')),
    hasPassword: row.flag('Password'),
    plugin: row.get('AuthPlugin') ?? '',
  }))
}

export interface Role {
  name: string
  builtin: boolean
  comment: string
}

/** SHOW ROLES. Errors: `Denied` without GRANT on SYSTEM. */
export async function listRoles(cluster: Queryable, options?: StatementOptions): Promise<Role[]> {
  const { rows } = await cluster.query('SHOW ROLES', options)
  return rows.map((row) => ({
    name: row.required('Name'),
    builtin: row.flag('Builtin'),
    comment: row.get('Comment') ?? '',
  }))
}

export interface Grant {
  /** The catalog that the names in the statement are looked up in; undefined for roles and what lies in none. */
  catalog?: string
  /** As printed: names stand unquoted in it. */
  statement: string
}

/** SHOW GRANTS FOR a user or a role. Errors: `Denied` without GRANT on SYSTEM, `NotFound`. */
export async function grantsFor(
  cluster: Queryable,
  whom: UserIdentity | { role: string },
  options?: StatementOptions,
): Promise<Grant[]> {
  const text = 'role' in whom ? `ROLE ${quoteName(whom.role)}` : writeIdentity(whom)
  const { rows } = await cluster.query(`SHOW GRANTS FOR ${text}`, options)
  return rows.map((row) => ({ catalog: row.text('Catalog'), statement: row.required('Grants') }))
}

/** `'user'@'host'` and `'user'@['domain']` as StarRocks prints them: without any escape. */
export function readIdentity(text: string): UserIdentity {
  const match = /^'(.*)'@(?:'([^']*)'|\['?([^'\]]*)'?\])$/s.exec(text)
  if (!match) return { user: text.replace(/^'|'$/g, ''), host: '%', domain: false }
  return { user: match[1] ?? '', host: match[2] ?? match[3] ?? '%', domain: match[3] !== undefined }
}

/** A user as statements take it. */
export function writeIdentity({ user, host, domain }: UserIdentity): string {
  return `${quoteString(user)}@${domain ? `[${quoteString(host)}]` : quoteString(host)}`
}
