import type { LabGrant, LabRole, LabVersion } from '../model.ts'

const comments = {
  root: 'built-in root role which has all privileges on all objects',
  db_admin: 'built-in database administration role',
  cluster_admin: 'built-in cluster administration role',
  user_admin: 'built-in user administration role',
  public: 'built-in public role which is owned by any user',
  security_admin: 'built-in security administration role',
}

const onSystem = (...privileges: string[]): LabGrant[] =>
  privileges.map((privilege) => ({ privilege, objectType: 'SYSTEM', catalog: 'default_catalog', grantOption: false }))

const onAll = (objectType: string): LabGrant => ({
  privilege: 'ALL',
  objectType,
  catalog: 'default_catalog',
  database: 'ALL',
  object: 'ALL',
  grantOption: false,
})

const grants: Record<string, LabGrant[]> = {
  root: onSystem('ALL'),
  db_admin: [
    ...['DATABASE', 'TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FUNCTION', 'GLOBAL FUNCTION', 'CATALOG'].map(onAll),
    ...onSystem('REPOSITORY', 'PLUGIN', 'FILE', 'BLACKLIST', 'CREATE EXTERNAL CATALOG', 'CREATE RESOURCE'),
  ],
  cluster_admin: onSystem('NODE'),
  user_admin: onSystem('GRANT'),
  security_admin: onSystem('SECURITY', 'OPERATE'),
}

/** Roles that a cluster has from the start, in the order in which SHOW ROLES lists them. security_admin came with 3.5. */
export const builtinRoles = (version: LabVersion): Map<string, LabRole> =>
  new Map(
    Object.entries(comments)
      .filter(([name]) => name !== 'security_admin' || version === '3.5' || version === '4.1')
      .map(([name, comment], i) => [
        name,
        { id: BigInt(-1 - i), name, builtin: true, comment, grants: grants[name] ?? [], roles: [] },
      ]),
  )
