import type { BackupObjects, ObjectKind } from '../../contract/backup/objects.ts'
import { splitTableName } from '../../contract/names.ts'
import { expandBraces, globMatcher, isGlob } from '../glob.ts'
import { SYSTEM_DATABASES } from '../selection.ts'

export interface ObjectSelection {
  /** Whether anything of this database may be wanted. System databases only when they are named. */
  database(name: string): boolean
  /** Whether a table, view or materialized view is wanted: they share their database's names. */
  object(database: string, name: string): boolean
  /** Whether the database is wanted as such. */
  entirely(database: string): boolean
  /** Whether everything in the database is wanted that a backup can hold; `names`: of its tables and views. */
  complete(database: string, names: readonly string[]): boolean
  /** Whether a function is wanted, by its name without types. */
  function(database: string, name: string): boolean
  /** Whether any function of this database may be wanted. */
  functions(database: string): boolean
  /** Whether objects of this kind are wanted at all. */
  kind(kind: ObjectKind): boolean
  catalog(name: string): boolean
  /** Whether any external catalog may be wanted. */
  catalogs: boolean
  /** Databases and tables that are written out, without wildcards: that one of them does not exist is an error. */
  named: { databases: string[]; tables: { database: string; table: string }[]; catalogs: string[] }
}

type Match = (name: string) => boolean

/** The cluster makes these itself; nothing of them can be restored. */
const NEVER: ReadonlySet<string> = new Set(['information_schema', 'sys', '_statistics_', '__internal_shadow_db__'])

/** What `objects` of a spec means. Errors: one that names the pattern which is no table name. */
export function selectObjects(objects: BackupObjects): ObjectSelection {
  const databases = matchers(objects.databases)
  const tables = objects.tables.flatMap(expandBraces).map(tablePattern)
  const functions = Array.isArray(objects.functions)
    ? objects.functions.flatMap(expandBraces).map(tablePattern)
    : undefined
  const kind = (one: ObjectKind) => objects.only === undefined || objects.only.includes(one)
  const excluded = objects.exclude.flatMap(expandBraces)
  const excludedDatabases = matchers(excluded.filter((pattern) => !pattern.includes('.')))
  const excludedTables = excluded.filter((pattern) => pattern.includes('.')).map(tablePattern)
  const catalogs = matchers(objects.catalogs)
  const namedDatabases = new Set([
    ...objects.databases.filter((pattern) => !isGlob(pattern)),
    ...[...tables, ...(functions ?? [])].filter(({ text }) => !isGlob(text.database)).map(({ text }) => text.database),
  ])
  const possible = (database: string) =>
    !NEVER.has(database.toLowerCase()) &&
    (!SYSTEM_DATABASES.has(database) || namedDatabases.has(database)) &&
    !excludedDatabases.some((match) => match(database))
  const entirely = (database: string) => possible(database) && databases.some((match) => match(database))
  const functionsOf = (database: string) =>
    kind('functions') &&
    (functions
      ? possible(database) && functions.some((pattern) => pattern.database(database))
      : objects.functions === true && entirely(database))
  return {
    database: (name) =>
      entirely(name) || (possible(name) && tables.some((pattern) => pattern.database(name))) || functionsOf(name),
    object: (database, name) => {
      if (excludedTables.some((pattern) => pattern.database(database) && pattern.table(name))) return false
      if (entirely(database)) return true
      return possible(database) && tables.some((pattern) => pattern.database(database) && pattern.table(name))
    },
    entirely,
    complete: (database, names) =>
      entirely(database) &&
      objects.only === undefined &&
      objects.partitions === undefined &&
      objects.views &&
      objects.functions === true &&
      objects.materializedViews !== 'none' &&
      !names.some((name) => excludedTables.some((pattern) => pattern.database(database) && pattern.table(name))),
    function: (database, name) =>
      functionsOf(database) &&
      (!functions || functions.some((pattern) => pattern.database(database) && pattern.table(name))),
    functions: functionsOf,
    kind,
    catalog: (name) => catalogs.some((match) => match(name)),
    catalogs: catalogs.length > 0,
    named: {
      databases: [...namedDatabases],
      tables: tables.filter(({ text }) => !isGlob(text.database) && !isGlob(text.table)).map(({ text }) => text),
      catalogs: objects.catalogs.filter((pattern) => !isGlob(pattern)),
    },
  }
}

const matchers = (patterns: readonly string[]): Match[] => patterns.flatMap(expandBraces).map(globMatcher)

function tablePattern(text: string): { text: { database: string; table: string }; database: Match; table: Match } {
  const split = splitTableName(text)
  return { text: split, database: globMatcher(split.database), table: globMatcher(split.table) }
}
