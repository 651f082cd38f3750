import type { LabDatabase, LabFunction, LabGrant, LabObject, LabState, LabUser } from '../model.ts'

/** What a privilege is asked for: the whole system, a catalog, a database, or an object of one. */
export type LabPrivilegeTarget =
  | { type: 'SYSTEM' }
  | { type: 'CATALOG'; catalog: string }
  | { type: 'DATABASE'; database: LabDatabase }
  | { type: 'OBJECT'; database: LabDatabase; object: LabObject }
  | { type: 'FUNCTION'; database: LabDatabase; function: LabFunction }
  | { type: 'GLOBAL FUNCTION'; function: LabFunction }

export const onSystem: LabPrivilegeTarget = { type: 'SYSTEM' }

export const onObject = (database: LabDatabase, object: LabObject): LabPrivilegeTarget => ({
  type: 'OBJECT',
  database,
  object,
})

export const onDatabase = (database: LabDatabase): LabPrivilegeTarget => ({ type: 'DATABASE', database })

/** How GRANT and errors name the kind of an object. */
export const objectTypeOf = (object: LabObject): string =>
  object.kind === 'view' ? 'VIEW' : object.kind === 'materialized-view' ? 'MATERIALIZED VIEW' : 'TABLE'

/** Every grant that a user has of its own or by its roles, and theirs. */
export const grantsOf = (state: LabState, user: LabUser): LabGrant[] => {
  const grants = [...(user.grants ?? [])]
  for (const name of rolesOf(state, user)) grants.push(...(state.roles.get(name)?.grants ?? []))
  return grants
}

const rolesOf = (state: LabState, user: LabUser): Set<string> => {
  const found = new Set<string>()
  const open = [...(user.roles ?? [])]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue
    found.add(name)
    open.push(...(state.roles.get(name)?.roles ?? []))
  }
  return found
}

const covers = (grant: LabGrant, target: LabPrivilegeTarget, any: boolean): boolean => {
  const inside = (database: LabDatabase): boolean => grant.database === 'ALL' || grant.database === database.id
  const names = (id: bigint): boolean => grant.object === 'ALL' || grant.object === id
  switch (target.type) {
    case 'SYSTEM':
      return grant.objectType === 'SYSTEM'
    case 'CATALOG':
      return grant.objectType === 'CATALOG' && (grant.object === 'ALL' || grant.object === target.catalog)
    case 'DATABASE':
      return inside(target.database) && (any || grant.objectType === 'DATABASE')
    case 'OBJECT':
      return grant.objectType === objectTypeOf(target.object) && inside(target.database) && names(target.object.id)
    case 'FUNCTION':
      return grant.objectType === 'FUNCTION' && inside(target.database) && names(target.function.id)
    case 'GLOBAL FUNCTION':
      return grant.objectType === 'GLOBAL FUNCTION' && names(target.function.id)
  }
}

/**
 * Whether a user holds a privilege on something. `ANY` is whatever privilege there is; without a target, the privilege on anything will do.
 * A name that no user has holds nothing.
 */
export const hasPrivilege = (
  state: LabState,
  user: LabUser | string,
  privilege: string,
  target?: LabPrivilegeTarget,
): boolean => {
  const found = typeof user === 'string' ? state.users.get(user) : user
  if (!found) return false
  if (found.privileges.has('ALL') || found.privileges.has(privilege) || rolesOf(state, found).has('root')) return true
  const any = privilege === 'ANY'
  if (any && [...onTables].some((p) => found.privileges.has(p))) return true
  return grantsOf(state, found).some(
    (grant) =>
      (any ? target !== undefined || onTables.has(grant.privilege) : grant.privilege === privilege || isAll(grant)) &&
      (target === undefined || covers(grant, target, any)),
  )
}

const isAll = (grant: LabGrant): boolean => grant.privilege === 'ALL'

const onTables = new Set(['SELECT', 'INSERT', 'ALTER', 'DROP', 'DELETE', 'UPDATE', 'EXPORT', 'REFRESH'])
