import { quoteName, quoteString } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import { type Grant, grantsFor, listAuthentication, listRoles, writeIdentity } from './accounts.ts'
import type { Queryable } from './queryable.ts'

export interface AccountStatements {
  /** In an order in which they can be run. */
  statements: string[]
  /** What they cannot make again. */
  missing: string[]
}

/**
 * Statements that make roles, users and their grants again; StarRocks has no SHOW CREATE for them. Root, the builtin roles, passwords, default
 * roles and user properties are not in them. Errors: `Denied` without GRANT on SYSTEM.
 */
export async function accountStatements(cluster: Queryable, options?: StatementOptions): Promise<AccountStatements> {
  const roles = (await listRoles(cluster, options)).filter((role) => !role.builtin)
  const users = (await listAuthentication(cluster, options)).filter((user) => user.user !== 'root')
  const statements: string[] = []
  const missing: string[] = []
  for (const role of roles) {
    const comment = role.comment === '' ? '' : ` COMMENT ${quoteString(role.comment)}`
    statements.push(`CREATE ROLE IF NOT EXISTS ${quoteName(role.name)}${comment}`)
  }
  for (const user of users) {
    const identity = writeIdentity(user)
    // A user without a password would be open to everybody: nothing is made that has to be locked afterwards.
    if (user.hasPassword || !/NATIVE_PASSWORD/i.test(user.plugin)) {
      missing.push(`${identity}: create it with its ${/NATIVE_PASSWORD/i.test(user.plugin) ? 'password' : user.plugin}`)
    } else {
      statements.push(`CREATE USER IF NOT EXISTS ${identity} IDENTIFIED BY ''`)
    }
  }
  for (const role of roles) statements.push(...(await inOrder(grantsFor(cluster, { role: role.name }, options))))
  for (const user of users) statements.push(...(await inOrder(grantsFor(cluster, user, options))))
  if (users.length > 0) missing.push('default roles and properties of users')
  return { statements, missing }
}

/** Names in grants are looked up in the session's catalog. */
async function inOrder(grants: Promise<Grant[]>): Promise<string[]> {
  const result: string[] = []
  for (const { catalog, statement } of await grants) {
    const elsewhere = catalog !== undefined && catalog !== 'default_catalog'
    if (elsewhere) result.push(`SET CATALOG ${quoteName(catalog)}`)
    result.push(statement)
    if (elsewhere) result.push('SET CATALOG default_catalog')
  }
  return result
}
