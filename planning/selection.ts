import type { MigrationSpec } from '../contract/migration-spec.ts'
import { splitTableName } from '../contract/names.ts'
import { expandBraces, globMatcher, isGlob } from './glob.ts'

export interface TableName {
  database: string
  table: string
}

/** What a migration copies, and what it is called on the target. */
export interface Selection {
  /** Whether the object is copied: include first, then exclude; system databases only when named. */
  includes(database: string, table: string): boolean
  /** Whether anything of this database may be included: saves reading those that cannot. */
  includesDatabase(database: string): boolean
  /** The name on the target. */
  target(database: string, table: string): TableName
  /** The name of the database on the target, for what is in no table rename. */
  targetDatabase(database: string): string
  /** Every source name that, if it existed, would be copied to this target name. Several when databases are merged by renaming. */
  sources(database: string, table: string): TableName[]
  /** Source databases that are copied to this target database as a whole; the name itself when nothing is renamed onto it. */
  sourceDatabases(database: string): string[]
  /** Target databases that single tables are renamed into. */
  renamedInto: string[]
}

/** Databases that belong to StarRocks itself or its usual companions. */
export const SYSTEM_DATABASES: ReadonlySet<string> = new Set([
  'information_schema',
  'sys',
  '_statistics_',
  'starrocks_monitor',
  'starrocks_audit_db__',
])

/** These are made by the cluster itself and can never be copied, named or not. */
const NEVER: ReadonlySet<string> = new Set(['information_schema', 'sys', '_statistics_'])

/** Reads the selection part of a spec. Pure; names are case-sensitive, as in StarRocks. */
export function createSelection(spec: Pick<MigrationSpec, 'include' | 'exclude' | 'rename'>): Selection {
  const include = spec.include.flatMap(readPattern)
  const exclude = spec.exclude.flatMap(readPattern)
  const databases = new Map(Object.entries(spec.rename.databases))
  const tables = new Map(Object.entries(spec.rename.tables))
  const backToTables = new Map<string, TableName[]>()
  for (const [from, to] of tables) push(backToTables, to, splitTableName(from))
  const backToDatabases = new Map<string, string[]>()
  for (const [from, to] of databases) push(backToDatabases, to, from)
  const named = new Set(include.filter((pattern) => pattern.literalDatabase).map((pattern) => pattern.literalDatabase))

  const databaseAllowed = (database: string) =>
    !NEVER.has(database) && (!SYSTEM_DATABASES.has(database) || named.has(database))

  const includes = (database: string, table: string) =>
    databaseAllowed(database) &&
    (include.length === 0 || include.some((pattern) => pattern.matches(database, table))) &&
    !exclude.some((pattern) => pattern.matches(database, table))

  const targetDatabase = (database: string) => databases.get(database) ?? database

  const target = (database: string, table: string) => {
    const renamed = tables.get(`${database}.${table}`)
    return renamed === undefined ? { database: targetDatabase(database), table } : splitTableName(renamed)
  }

  const sourceDatabases = (database: string) => {
    const renamed = backToDatabases.get(database) ?? []
    return databases.has(database) ? renamed : [...renamed, database]
  }

  return {
    includes,
    target,
    targetDatabase,
    sourceDatabases,
    renamedInto: [...new Set([...tables.values()].map((to) => splitTableName(to).database))],
    includesDatabase: (database) =>
      databaseAllowed(database) &&
      (include.length === 0 || include.some((pattern) => pattern.database(database))) &&
      !exclude.some((pattern) => pattern.whole && pattern.database(database)),
    sources: (database, table) =>
      [
        ...(backToTables.get(`${database}.${table}`) ?? []),
        ...sourceDatabases(database).map((source) => ({ database: source, table })),
      ].filter((name) => {
        const there = target(name.database, name.table)
        return includes(name.database, name.table) && there.database === database && there.table === table
      }),
  }
}

interface Pattern {
  database(name: string): boolean
  matches(database: string, table: string): boolean
  /** It is about whole databases. */
  whole: boolean
  /** The database, when it is written without globs. */
  literalDatabase?: string
}

function readPattern(text: string): Pattern[] {
  // As it is written, too: a name may hold braces itself.
  return [...new Set([...expandBraces(text), text])].map((pattern) => {
    const dot = dividingDot(pattern)
    const databasePart = dot < 0 ? pattern : pattern.slice(0, dot)
    const database = globMatcher(databasePart)
    const table = dot < 0 ? undefined : globMatcher(pattern.slice(dot + 1))
    return {
      database,
      matches: (databaseName, tableName) => database(databaseName) && (table === undefined || table(tableName)),
      whole: dot < 0 || pattern.slice(dot + 1) === '*',
      literalDatabase: isGlob(databasePart) ? undefined : databasePart,
    }
  })
}

/** A database's name cannot hold a dot, so the first one divides; one inside `[…]` does not count. */
function dividingDot(pattern: string): number {
  let inSet = false
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]
    if (char === '[' && pattern.indexOf(']', i + 2) > 0) inSet = true
    else if (char === ']') inSet = false
    else if (char === '.' && !inSet) return i
  }
  return -1
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
