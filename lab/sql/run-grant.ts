import type { LabDatabase, LabGrant, LabRole, LabUser } from '../model.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { objectTypeOf } from './has-privilege.ts'
import { type GrantOn, type GrantTo, parseGrant } from './parse-grant.ts'
import { privilegesOf } from './privilege-types.ts'
import { demand } from './privileges.ts'
import { databaseName } from './resolve.ts'
import { findFunction } from './run-function.ts'
import type { ObjectName } from './statements.ts'
import { identityText, userKey } from './user-identity.ts'

type Place = Pick<LabGrant, 'objectType' | 'catalog' | 'database' | 'object'>

const internal = 'default_catalog'

/** GRANT and REVOKE of privileges and roles. What is granted is kept by id: it follows its object through renames and swaps. */
export const runGrant = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const verb = cursor.next().upper
  const statement = parseGrant(cursor, verb === 'GRANT' ? 'TO' : 'FROM')
  demand(session, ['GRANT'], 'SYSTEM')
  const holders = statement.to.map((to) => holder(context, to))
  if (statement.kind === 'roles') {
    for (const role of statement.roles)
      if (!context.state.roles.has(role)) throw analysisFailure(`cannot find role ${role}!`)
    for (const one of holders) {
      const others = (one.roles ?? []).filter((role) => !statement.roles.includes(role))
      one.roles = verb === 'GRANT' ? [...others, ...statement.roles] : others
    }
    return done()
  }
  const places = placesOf(context, session, statement.on)
  const objectType = places[0]?.objectType ?? 'SYSTEM'
  const known = privilegesOf.get(objectType) ?? []
  const all = statement.privileges.some((p) => p === 'ALL' || p === 'ALL PRIVILEGES')
  const privileges = all ? known : statement.privileges
  const unknown = privileges.find((privilege) => !known.includes(privilege))
  if (unknown !== undefined)
    throw analysisFailure(`Invalid entity type: ${objectType}, privilege ${unknown} is not among its privileges`)
  for (const one of holders) {
    for (const place of places) for (const privilege of privileges) revoke(one, place, privilege)
    if (verb !== 'GRANT') continue
    const { grantOption } = statement
    one.grants = [
      ...(one.grants ?? []),
      ...places.flatMap((place) => privileges.map((privilege) => ({ ...place, privilege, grantOption }))),
    ]
  }
  return done()
}

const revoke = (from: LabUser | LabRole, place: Place, privilege: string): void => {
  from.grants = (from.grants ?? []).filter(
    (grant) =>
      grant.privilege !== privilege ||
      grant.objectType !== place.objectType ||
      grant.catalog !== place.catalog ||
      grant.database !== place.database ||
      grant.object !== place.object,
  )
}

const holder = (context: LabSqlContext, to: GrantTo): LabUser | LabRole => {
  if (to.kind === 'role') {
    const role = context.state.roles.get(to.role)
    if (!role) throw analysisFailure(`Can not grant/revoke to role: cannot find role ${to.role}!`)
    if (role.builtin && role.name !== 'public') throw analysisFailure(`role ${to.role} is not mutable!`)
    return role
  }
  const user = context.state.users.get(userKey(to.user))
  if (!user) throw analysisFailure(`cannot find user ${identityText(to.user)}!`)
  return user
}

const placesOf = (context: LabSqlContext, session: LabSession, on: GrantOn): Place[] => {
  const { state } = context
  switch (on.kind) {
    case 'system':
      return [{ objectType: 'SYSTEM', catalog: internal }]
    case 'all': {
      const database = on.database === undefined ? ('ALL' as const) : databaseOf(context, on.database).id
      return [{ objectType: on.objectType, catalog: internal, database, object: 'ALL' }]
    }
    case 'users':
      return on.users.map((user) => {
        if (!state.users.has(userKey(user))) throw analysisFailure(`cannot find user ${identityText(user)}!`)
        return { objectType: 'USER', catalog: internal, object: userKey(user) }
      })
    case 'functions':
      return on.functions.map(({ name, argumentTypes }) => {
        const global = on.objectType === 'GLOBAL FUNCTION'
        const database = global ? undefined : databaseOf(context, databaseName(session, name))
        const found = findFunction(database?.functions ?? state.globalFunctions, name.name, argumentTypes)
        const place = global ? '__global_udf_db__' : (database?.name ?? '')
        if (!found) throw analysisFailure(`cannot find function ${place}.${name.name}!`)
        return {
          objectType: on.objectType,
          catalog: internal,
          ...(database ? { database: database.id } : {}),
          object: found.id,
        }
      })
    case 'named':
      return on.names.map((name) => namedPlace(context, session, on.objectType, name))
  }
}

const databaseOf = (context: LabSqlContext, name: string): LabDatabase => {
  const found = context.state.databases.get(name)
  if (!found) throw analysisFailure(`cannot find db: ${name}`)
  return found
}

const namedPlace = (context: LabSqlContext, session: LabSession, objectType: string, name: ObjectName): Place => {
  const { state } = context
  switch (objectType) {
    case 'CATALOG':
      if (name.name !== internal && !state.catalogs.has(name.name))
        throw analysisFailure(`cannot find catalog: ${name.name}`)
      return { objectType, catalog: name.name, object: name.name }
    case 'DATABASE':
      return { objectType, catalog: internal, database: databaseOf(context, name.name).id }
    case 'TABLE':
    case 'VIEW':
    case 'MATERIALIZED VIEW': {
      const database = databaseOf(context, databaseName(session, name))
      const object = database.objects.get(name.name)
      if (!object || objectTypeOf(object) !== objectType) {
        const word = { TABLE: 'table', VIEW: 'view', 'MATERIALIZED VIEW': 'materialized view' }[objectType]
        throw analysisFailure(`cannot find ${word} ${name.name} in db ${database.name}`)
      }
      return { objectType, catalog: internal, database: database.id, object: object.id }
    }
    default:
      return { objectType, catalog: internal, object: name.name }
  }
}
