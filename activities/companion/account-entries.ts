import type { CompanionEntry } from '../../planning/companion/script.ts'
import { type AccountStatements, quoteName } from '../../starrocks/index.ts'
import { quoteGrant } from './quote-grant.ts'

/** Roles, users and grants; users with a password come without it, and before the grants that name them. */
export function accountEntries({ statements, missing }: AccountStatements): CompanionEntry[] {
  const roles: CompanionEntry[] = []
  const users: CompanionEntry[] = missing.flatMap((text): CompanionEntry[] => {
    const [identity, what] = text.split(/: create it with its /)
    if (identity === undefined || what === undefined) return []
    const how = what === 'password' ? "IDENTIFIED BY '…'" : `IDENTIFIED WITH ${what} …`
    const byHand = what === 'password' ? 'StarRocks tells nobody its password' : `it logs in by ${what}`
    return [{ kind: 'user', name: identity, statements: [`CREATE USER ${identity} ${how}`], byHand }]
  })
  const grants: CompanionEntry[] = []
  let catalog: string[] = []
  for (const statement of statements) {
    if (/^CREATE ROLE/i.test(statement))
      roles.push({ kind: 'role', name: nameIn(statement, 'ROLE'), statements: [statement] })
    else if (/^CREATE USER/i.test(statement))
      users.push({ kind: 'user', name: nameIn(statement, 'USER'), statements: [statement] })
    else if (statement === 'SET CATALOG default_catalog') {
      const last = grants.at(-1)
      if (last && catalog.length > 0) last.statements.push(statement)
      catalog = []
    } else if (/^SET CATALOG /.test(statement)) catalog = [statement]
    else {
      const grant = quoteGrant(statement)
      grants.push({ kind: 'grant', name: grant.slice(0, 200), statements: [...catalog, grant] })
    }
  }
  return [...roles, ...users, ...grants]
}

const nameIn = (statement: string, kind: string) =>
  new RegExp(`^CREATE ${kind} (?:IF NOT EXISTS )?(\\S+)`, 'i').exec(statement)?.[1]?.replace(/^`|`$/g, '') ??
  quoteName('')
