import type { BackupObjects } from '../../contract/backup/objects.ts'
import { splitTableName } from '../../contract/names.ts'
import { expandBraces, globMatcher, isGlob } from '../glob.ts'
import { SYSTEM_DATABASES } from '../selection.ts'

export interface ObjectSelection {
  /** Whether anything of this database may be wanted. System databases only when they are named. */
  database(name: string): boolean
  /** Whether a table, view or materialized view is wanted: they share their database's names. */
  object(database: string, name: string): boolean
  /** Whether the database is wanted as such: with its functions, too. */
  entirely(database: string): boolean
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
  const excluded = objects.exclude.flatMap(expandBraces)
  const excludedDatabases = matchers(excluded.filter((pattern) => !pattern.includes('.')))
  const excludedTables = excluded.filter((pattern) => pattern.includes('.')).map(tablePattern)
  const catalogs = matchers(objects.catalogs)
  const namedDatabases = new Set([
    ...objects.databases.filter((pattern) => !isGlob(pattern)),
    ...tables.filter(({ text }) => !isGlob(text.database)).map(({ text }) => text.database),
  ])
  const possible = (database: string) =>
    !NEVER.has(database.toLowerCase()) &&
    (!SYSTEM_DATABASES.has(database) || namedDatabases.has(database)) &&
    !excludedDatabases.some((match) => match(database))
  const entirely = (database: string) => possible(database) && databases.some((match) => match(database))
  return {
    database: (name) => entirely(name) || (possible(name) && tables.some((pattern) => pattern.database(name))),
    object: (database, name) => {
      if (excludedTables.some((pattern) => pattern.database(database) && pattern.table(name))) return false
      if (entirely(database)) return true
      return possible(database) && tables.some((pattern) => pattern.database(database) && pattern.table(name))
    },
    entirely,
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
