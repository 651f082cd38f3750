import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { demand } from './privileges.ts'
import { identityText, parseUser, type UserIdentity, userKey } from './user-identity.ts'

interface UserOptions {
  password?: string
  passwordHash?: string
  defaultRoles: string[]
}

const parseOptions = (cursor: Cursor): UserOptions => {
  const options: UserOptions = { defaultRoles: [] }
  if (cursor.accept('IDENTIFIED')) {
    if (cursor.accept('WITH')) {
      cursor.next()
      if (cursor.accept('AS')) options.passwordHash = cursor.string()
      else if (cursor.accept('BY')) options.password = cursor.string()
    } else {
      cursor.expect('BY')
      if (cursor.accept('PASSWORD')) options.passwordHash = cursor.string()
      else options.password = cursor.string()
    }
  }
  if (cursor.accept('DEFAULT', 'ROLE')) options.defaultRoles = cursor.separated(() => roleName(cursor))
  cursor.index = cursor.tokens.length - 1
  return options
}

/** A role's name, in quotes of any kind or none. */
export const roleName = (cursor: Cursor): string =>
  cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()

const exists = (context: LabSqlContext, identity: UserIdentity) =>
  analysisFailure(
    context.profile.atLeast('4.1')
      ? `user ${identityText(identity)} already exists!`
      : `Operation CREATE USER failed for ${identityText(identity)} : user already exists`,
  )

/** CREATE USER; both words read. */
export const createUser = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { users, roles } = context.state
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const identity = parseUser(cursor)
  const { password, passwordHash, defaultRoles } = parseOptions(cursor)
  demand(session, ['GRANT'], 'SYSTEM')
  const key = userKey(identity)
  if (users.has(key)) {
    if (ifNotExists) return done()
    throw exists(context, identity)
  }
  const missing = defaultRoles.find((role) => !roles.has(role))
  if (missing !== undefined)
    throw analysisFailure(`Can not granted user to role ${missing}: cannot find role ${missing}!`)
  users.set(key, {
    name: identity.name,
    ...(identity.host === '%' ? {} : { host: identity.host }),
    password: password ?? '',
    ...(passwordHash === undefined ? {} : { passwordHash }),
    privileges: new Set(),
    grants: [],
    roles: defaultRoles,
  })
  return done()
}

/** ALTER USER; both words read. */
export const alterUser = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const identity = parseUser(cursor)
  const { password, passwordHash } = parseOptions(cursor)
  demand(session, ['GRANT'], 'SYSTEM')
  const user = context.state.users.get(userKey(identity))
  if (!user) throw analysisFailure(`cannot find user ${identityText(identity)}!`)
  if (password !== undefined || passwordHash !== undefined) {
    user.password = password ?? ''
    if (passwordHash === undefined) delete user.passwordHash
    else user.passwordHash = passwordHash
  }
  return done()
}

/** DROP USER; both words read. */
export const dropUser = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const ifExists = cursor.accept('IF', 'EXISTS')
  const identity = parseUser(cursor)
  cursor.end()
  demand(session, ['GRANT'], 'SYSTEM')
  if (!context.state.users.delete(userKey(identity)) && !ifExists)
    throw analysisFailure(`Operation DROP USER failed for ${identityText(identity)} : user not exists`)
  return done()
}

/** SET ROLE … and SET DEFAULT ROLE …: all roles of the lab's users are active, so that only their names are looked at. */
export const setRole = (context: LabSqlContext, cursor: Cursor): LabResult => {
  cursor.accept('DEFAULT')
  cursor.expect('ROLE')
  if (!cursor.accept('ALL') && !cursor.accept('NONE')) {
    for (const name of cursor.separated(() => roleName(cursor)))
      if (!context.state.roles.has(name)) throw analysisFailure(`cannot find role ${name}!`)
  }
  cursor.index = cursor.tokens.length - 1
  return done()
}
