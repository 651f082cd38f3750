import type { LabDatabase, LabFunction, LabGrant, LabState, LabUser } from '../model.ts'
import { type LabCell, type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { analysisFailure } from '../sql/errors.ts'
import { inShownOrder, privilegesOf } from '../sql/privilege-types.ts'
import { demand } from '../sql/privileges.ts'
import { identityText, type UserIdentity, userKey } from '../sql/user-identity.ts'

const columns = ['UserIdentity', 'Catalog', 'Grants']
const types = [...privilegesOf.keys()]

const plural = (type: string): string => `${type}S`

export const signature = (one: LabFunction): string =>
  `${one.name}(${one.argumentTypes.join(', ')}${one.variadic ? ', ...' : ''})`

const databaseById = (state: LabState, id: LabGrant['database']): LabDatabase | undefined => {
  for (const database of state.databases.values()) if (database.id === id) return database
  return undefined
}

/** What a grant names, in the names of now; undefined when it is gone. */
const onText = (state: LabState, grant: LabGrant): string | undefined => {
  const { objectType, object } = grant
  if (objectType === 'SYSTEM') return 'SYSTEM'
  if (objectType === 'DATABASE') {
    if (grant.database === 'ALL') return 'ALL DATABASES'
    const database = databaseById(state, grant.database)
    return database && `DATABASE ${database.name}`
  }
  const database = databaseById(state, grant.database)
  if (object === 'ALL') {
    if (grant.database === undefined || !/TABLE|VIEW|^FUNCTION/.test(objectType)) return `ALL ${plural(objectType)}`
    if (grant.database === 'ALL') return `ALL ${plural(objectType)} IN ALL DATABASES`
    return database && `ALL ${plural(objectType)} IN DATABASE ${database.name}`
  }
  if (objectType === 'GLOBAL FUNCTION') {
    const found = state.globalFunctions.find((f) => f.id === object)
    return found && `GLOBAL FUNCTION ${signature(found)}`
  }
  if (objectType === 'FUNCTION') {
    const found = database?.functions.find((f) => f.id === object)
    return database && found && `FUNCTION ${signature(found)} in DATABASE ${database.name}`
  }
  if (objectType === 'CATALOG' && object !== 'default_catalog' && !state.catalogs.has(String(object))) return undefined
  if (grant.database === undefined) return `${objectType} ${object}`
  const found = [...(database?.objects.values() ?? [])].find((o) => o.id === object)
  return database && found && `${objectType} ${database.name}.${found.name}`
}

/** All objects come before single ones, older ids before newer. */
const orderOf = (grant: LabGrant): string => {
  const part = (id: bigint | string | undefined): string => (id === undefined || id === 'ALL' ? ' ' : String(id))
  return `${part(grant.database)}/${part(grant.object)}`
}

const privilegeRows = (state: LabState, grants: readonly LabGrant[], who: string, to: string): LabCell[][] => {
  const rows: LabCell[][] = []
  for (const type of types) {
    const byPlace = new Map<string, LabGrant[]>()
    for (const grant of grants.filter((g) => g.objectType === type)) {
      const key = `${orderOf(grant)}/${grant.grantOption}`
      byPlace.set(key, [...(byPlace.get(key) ?? []), grant])
    }
    for (const [, places] of [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [first] = places
      const on = first && onText(state, first)
      if (first === undefined || on === undefined) continue
      const list = inShownOrder(places.map((g) => g.privilege)).join(', ')
      rows.push([who, first.catalog, `GRANT ${list} ON ${on} TO ${to}${first.grantOption ? ' WITH GRANT OPTION' : ''}`])
    }
  }
  return rows
}

/** Privileges that hold everywhere, as if granted on all tables. */
const everywhere = (user: LabUser, identity: string): LabCell[][] =>
  [...user.privileges].sort().map((privilege) => {
    const on = /^(OPERATE|NODE|GRANT|REPOSITORY)$/.test(privilege) ? 'SYSTEM' : 'ALL TABLES IN ALL DATABASES'
    return [identity, 'default_catalog', `GRANT ${privilege} ON ${on} TO USER ${identity}`]
  })

/** SHOW GRANTS [FOR user]. */
export const showGrants = (context: LabSqlContext, session: LabSession, of: UserIdentity | undefined): LabResult => {
  if (of !== undefined && of.name !== session.user.name) demand(session, ['GRANT'], 'SYSTEM')
  const user = of ? context.state.users.get(userKey(of)) : session.user
  if (!user) throw analysisFailure(`cannot find user ${identityText(of ?? { name: '' })}!`)
  const identity = identityText(user)
  if (user.privileges.has('ALL')) return table(columns, [[identity, null, `GRANT 'root' TO ${identity}`]])
  const roles = (user.roles ?? []).map((role) => `'${role}'`).join(', ')
  return table(columns, [
    ...(roles === '' ? [] : [[identity, null, `GRANT ${roles} TO ${identity}`]]),
    ...everywhere(user, identity),
    ...privilegeRows(context.state, user.grants ?? [], identity, `USER ${identity}`),
  ])
}

/** SHOW GRANTS FOR ROLE. */
export const showRoleGrants = (context: LabSqlContext, session: LabSession, name: string): LabResult => {
  demand(session, ['GRANT'], 'SYSTEM')
  const role = context.state.roles.get(name)
  if (!role) throw analysisFailure(`There is no such grant defined for role ${name}: cannot find role ${name}!`)
  const parents = role.roles.map((one) => `'${one}'`).join(', ')
  return table(columns, [
    ...(parents === '' ? [] : [[name, null, `GRANT ${parents} TO ROLE '${name}'`]]),
    ...privilegeRows(context.state, role.grants, name, `ROLE '${name}'`),
  ])
}
