import type { Cursor } from './cursor.ts'
import { parseObjectName } from './parse-clauses.ts'
import { parseArgumentTypes } from './parse-function.ts'
import { roleName } from './run-user.ts'
import type { ObjectName } from './statements.ts'
import { parseUser, type UserIdentity } from './user-identity.ts'

export type GrantTo = { kind: 'user'; user: UserIdentity } | { kind: 'role'; role: string }

/** What stands after ON. */
export type GrantOn =
  | { kind: 'system' }
  /** `ALL TABLES IN DATABASE d` and the like; no database: in all of them. */
  | { kind: 'all'; objectType: string; database?: string }
  | { kind: 'named'; objectType: string; names: ObjectName[] }
  | { kind: 'functions'; objectType: string; functions: { name: ObjectName; argumentTypes: string[] }[] }
  | { kind: 'users'; users: UserIdentity[] }

export type GrantStatement =
  | { kind: 'privileges'; privileges: string[]; on: GrantOn; to: GrantTo[]; grantOption: boolean }
  | { kind: 'roles'; roles: string[]; to: GrantTo[] }

const words: [string[], string][] = [
  [['MATERIALIZED', 'VIEWS'], 'MATERIALIZED VIEW'],
  [['MATERIALIZED', 'VIEW'], 'MATERIALIZED VIEW'],
  [['GLOBAL', 'FUNCTIONS'], 'GLOBAL FUNCTION'],
  [['GLOBAL', 'FUNCTION'], 'GLOBAL FUNCTION'],
  [['RESOURCE', 'GROUPS'], 'RESOURCE GROUP'],
  [['RESOURCE', 'GROUP'], 'RESOURCE GROUP'],
  [['STORAGE', 'VOLUMES'], 'STORAGE VOLUME'],
  [['STORAGE', 'VOLUME'], 'STORAGE VOLUME'],
  ...['TABLE', 'VIEW', 'DATABASE', 'CATALOG', 'FUNCTION', 'RESOURCE', 'USER'].flatMap((word): [string[], string][] => [
    [[`${word}S`], word],
    [[word], word],
  ]),
]

const parseObjectType = (cursor: Cursor): string => {
  const found = words.find(([tokens]) => cursor.accept(...tokens))
  if (!found) throw cursor.unexpected('TABLE', 'DATABASE', 'SYSTEM')
  return found[1]
}

const parseOn = (cursor: Cursor): GrantOn => {
  if (cursor.accept('SYSTEM')) return { kind: 'system' }
  if (cursor.accept('ALL')) {
    const objectType = parseObjectType(cursor)
    if (!cursor.accept('IN')) return { kind: 'all', objectType }
    if (cursor.accept('ALL', 'DATABASES')) return { kind: 'all', objectType }
    cursor.expect('DATABASE')
    return { kind: 'all', objectType, database: cursor.identifier() }
  }
  const objectType = parseObjectType(cursor)
  if (objectType === 'USER') return { kind: 'users', users: cursor.separated(() => parseUser(cursor)) }
  if (objectType === 'FUNCTION' || objectType === 'GLOBAL FUNCTION') {
    const functions = cursor.separated(() => ({
      name: parseObjectName(cursor),
      argumentTypes: parseArgumentTypes(cursor).types,
    }))
    return { kind: 'functions', objectType, functions }
  }
  const name = (): ObjectName => (cursor.token.kind === 'string' ? { name: cursor.string() } : parseObjectName(cursor))
  return { kind: 'named', objectType, names: cursor.separated(name) }
}

const parseTo = (cursor: Cursor): GrantTo[] => {
  if (cursor.accept('ROLE')) return cursor.separated(() => ({ kind: 'role', role: roleName(cursor) }))
  cursor.accept('USER')
  return cursor.separated(() => ({ kind: 'user', user: parseUser(cursor) }))
}

/** GRANT … TO … or REVOKE … FROM …; the first word read. */
export const parseGrant = (cursor: Cursor, preposition: 'TO' | 'FROM'): GrantStatement => {
  const start = cursor.index
  while (!cursor.at('ON') && !cursor.at(preposition) && cursor.token.kind !== 'end') cursor.next()
  const ofRoles = !cursor.at('ON')
  cursor.index = start
  if (ofRoles) {
    const roles = cursor.separated(() => roleName(cursor))
    cursor.expect(preposition)
    const to = parseTo(cursor)
    cursor.end()
    return { kind: 'roles', roles, to }
  }
  const privileges = cursor.separated(() => {
    const parts: string[] = []
    while (!cursor.at('ON') && !cursor.at(',')) parts.push(cursor.next().upper)
    return parts.join(' ')
  })
  cursor.expect('ON')
  const on = parseOn(cursor)
  cursor.expect(preposition)
  const to = parseTo(cursor)
  const grantOption = cursor.accept('WITH', 'GRANT', 'OPTION')
  cursor.end()
  return { kind: 'privileges', privileges, on, to, grantOption }
}
