/** What was found in a database and around it that no backup holds. Undefined: could not be listed. */
export interface LeftBehind {
  externalTables: readonly { name: string; type: string }[]
  temporaryTables?: readonly string[]
  routineLoads?: readonly string[]
  pipes?: readonly string[]
  tasks?: readonly string[]
  globalFunctions: readonly string[]
  resources: readonly string[]
  storageVolumes: readonly string[]
  resourceGroups: readonly string[]
  users?: number
  roles?: number
  catalogs: readonly string[]
  /** Kept as a statement only. */
  materializedViewsAsDdl: readonly string[]
  viewsAsDdl: readonly string[]
  functionsAsDdl: readonly string[]
}

export interface NotIncluded {
  object: string
  reason: string
}

const IN_SCRIPT = 'not in the snapshot; its statement is in the companion file'

/**
 * What a backup of a database does not contain: what was found by name, and what no backup ever holds. `script`: whether a companion file is saved, which
 * keeps some of it as statements.
 */
export function notIncludedOf(found: LeftBehind, script: boolean): NotIncluded[] {
  const list: NotIncluded[] = []
  const each = (names: readonly string[] | undefined, what: string, reason: string) => {
    if (names === undefined) list.push({ object: `${what}s`, reason: `${reason}; they could not be listed` })
    else for (const name of names) list.push({ object: `${what} ${name}`, reason })
  }
  const kept = script ? IN_SCRIPT : 'not in the snapshot'
  each(found.viewsAsDdl, 'view', kept)
  each(found.materializedViewsAsDdl, 'materialized view', kept)
  each(found.functionsAsDdl, 'function', script ? `${kept}, as far as it is printed` : kept)
  for (const { name, type } of found.externalTables) {
    list.push({
      object: `table ${name}`,
      reason: `${type}: its data are not in StarRocks, and its secrets are not shown`,
    })
  }
  each(found.temporaryTables, 'temporary table', 'it ends with its session')
  each(found.routineLoads, 'routine load', 'its position and its secrets are not shown: create it again')
  each(found.pipes, 'pipe', 'create it again')
  each(found.tasks, 'task', 'submit it again')
  each(found.globalFunctions, 'global function', kept)
  each(found.resourceGroups, 'resource group', kept)
  each(found.resources, 'resource', 'only its name and what is no secret are in the companion file')
  each(found.storageVolumes, 'storage volume', 'only its name is in the companion file')
  each(
    found.catalogs,
    'external catalog',
    'only if it is backed up as such; its statement, without secrets, is in the companion file',
  )
  list.push({
    object: countOf(found.users, 'user'),
    reason: script ? 'in the companion file, without passwords' : 'in no backup',
  })
  list.push({
    object: `${countOf(found.roles, 'role')} and all grants`,
    reason: script ? 'in the companion file' : 'in no backup',
  })
  for (const { object, reason } of ALWAYS) list.push({ object, reason })
  return list
}

const countOf = (count: number | undefined, what: string) => (count === undefined ? `${what}s` : `${what}s (${count})`)

/** What no snapshot holds where nobody looked what of it there is. */
export function kindsNotIncluded(): NotIncluded[] {
  const reason = 'in no snapshot; with companion set to false it is not saved or listed either'
  return [...KINDS.map((object) => ({ object, reason })), ...ALWAYS]
}

const KINDS = [
  'users',
  'roles and all grants',
  'resource groups',
  'resources',
  'storage volumes',
  'external catalogs, unless backed up as such',
  'global functions',
  'routine loads',
  'pipes',
  'tasks',
  'temporary tables',
  'properties of the database',
]

/** What a backup's own list does not name in other words already. */
export function besides(own: readonly NotIncluded[], around: readonly NotIncluded[]): NotIncluded[] {
  const known = new Set(own.map(({ object }) => object))
  return around.filter(({ object }) => !known.has(object.replace(/^(table|view|materialized view|function) /, '')))
}

/** Never in any backup. */
export const ALWAYS: readonly NotIncluded[] = [
  { object: 'default roles and properties of users', reason: 'no statement prints them' },
  { object: 'row access and column masking policies', reason: 'no statement of BACKUP takes them' },
  { object: 'statistics', reason: 'collect them again: ANALYZE TABLE' },
  { object: 'colocate groups', reason: 'RESTORE takes tables out of them; starferry records and sets them again' },
  { object: 'files behind functions', reason: 'only their addresses are known' },
  {
    object: 'global variables and settings of frontends and backends',
    reason: 'keep them in your configuration management',
  },
]
