import type { CompanionEntry } from '../../planning/companion/script.ts'
import {
  type ObjectName,
  orderByDependency,
  readMaterializedView,
  readView,
  writeMaterializedView,
  writeView,
} from '../../starrocks/ddl/index.ts'
import {
  isMaterializedView,
  listFunctions,
  listTables,
  maskSecrets,
  quoteName,
  quoteString,
  StarRocksError,
  showCreate,
  showCreateDatabase,
  type Table,
} from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { isNotFound, isUnreachable } from '../metadata/failure.ts'
import type { Side } from '../metadata/pair.ts'
import { isUnreadable } from '../metadata/read-table.ts'
import { directory } from '../pollers/directory.ts'
import { functionEntry } from './function-entry.ts'

/** What of one database its snapshots do not hold, or only its rows. */
export interface DatabasePart {
  entries: CompanionEntry[]
  externalTables: { name: string; type: string }[]
  views: string[]
  materializedViews: string[]
  functions: string[]
  temporaryTables?: string[]
  routineLoads?: string[]
  pipes?: string[]
  tasks?: string[]
  warnings: string[]
}

const WIDTH = 4

/** Errors: `NotFound` without such a database; StarRocksError of a cluster that cannot be talked to. */
export async function databasePart(side: Side, database: string, signal?: AbortSignal): Promise<DatabasePart> {
  const { cluster } = side
  const found = await directory(cluster).database(database)
  if (!found) throw new StarRocksError({ kind: 'NotFound', detail: `${side.name} has no database ${database}` })
  const warnings: string[] = []
  const tables = await listTables(cluster, found.id, { signal })
  const created = (await showCreateDatabase(cluster, database, { signal })).replace(
    /^CREATE DATABASE (?!IF NOT EXISTS)/i,
    'CREATE DATABASE IF NOT EXISTS ',
  )
  const views = tables.filter(({ type }) => type === 'VIEW')
  const materialized = tables.filter(({ type }) => isMaterializedView(type))
  const external = tables.filter(
    ({ type }) => !['OLAP', 'CLOUD_NATIVE', 'VIEW'].includes(type) && !isMaterializedView(type),
  )
  const functions = await listFunctions(cluster, database, { signal })
  const viewEntries = await readViews(side, database, [...views, ...materialized], signal)
  const externalEntries = await mapConcurrently(external, WIDTH, async ({ name, type }): Promise<CompanionEntry[]> => {
    const text = await showCreate(cluster, database, name, { signal }).catch(unlessGone)
    const statements = text ? [maskSecrets(text.text).replace(/;\s*$/, '')] : []
    return [
      {
        kind: 'externalTable',
        name: `${database}.${name}`,
        statements,
        byHand: `${type}: StarRocks does not show its secrets`,
      },
    ]
  })
  const around = await listAround(side, database, signal)
  return {
    entries: [
      { kind: 'database', name: database, statements: [created] },
      ...functions.map((one) => functionEntry(one, database)),
      ...viewEntries,
      ...externalEntries.flat(),
      ...around.entries,
    ],
    externalTables: external.map(({ name, type }) => ({ name, type })),
    views: views.map(({ name }) => name),
    materializedViews: materialized.map(({ name }) => name),
    functions: functions.map(({ signature }) => signature),
    ...around.lists,
    warnings,
  }
}

interface Written {
  object: ObjectName
  query: string
  entry: CompanionEntry
}

/** What is read comes before what reads it. */
async function readViews(
  side: Side,
  database: string,
  views: readonly Table[],
  signal?: AbortSignal,
): Promise<CompanionEntry[]> {
  const target = { version: side.version, runMode: side.runMode }
  const written = await mapConcurrently(views, WIDTH, async ({ name, type }): Promise<Written[]> => {
    const kind = type === 'VIEW' ? 'view' : 'materializedView'
    const object = { database, name }
    const created = await showCreate(side.cluster, database, name, { signal }).catch(unlessGone)
    if (!created) return []
    const { text } = created
    const entry = (statements: string[]): CompanionEntry =>
      secretless({ kind, name: `${database}.${name}`, statements })
    try {
      if (kind === 'view') {
        const view = readView(text)
        const { statement } = writeView(view, { target, source: object })
        return [
          {
            object,
            query: view.query,
            entry: entry([statement.replace('CREATE VIEW ', 'CREATE VIEW IF NOT EXISTS ')]),
          },
        ]
      }
      const view = readMaterializedView(text)
      const { statement } = writeMaterializedView(view, { target, source: object })
      const once = statement.replace('CREATE MATERIALIZED VIEW ', 'CREATE MATERIALIZED VIEW IF NOT EXISTS ')
      return [{ object, query: view.query, entry: entry([once]) }]
    } catch (error) {
      if (!isUnreadable(error)) throw error
      // As printed, without names of databases: it has to be run in its own.
      return [{ object, query: '', entry: entry([`USE ${quoteName(database)}`, text.replace(/;\s*$/, '')]) }]
    }
  })
  return orderByDependency(written.flat()).map(({ entry }) => entry)
}

/** FILES(…) in a query holds keys of the storage in clear. */
function secretless(entry: CompanionEntry): CompanionEntry {
  if (!entry.statements.some((text) => /\bFILES\s*\(/i.test(text))) return entry
  const masked = entry.statements.map((text) => maskSecrets(text))
  if (masked.every((text, at) => text === entry.statements[at])) return entry
  return { ...entry, statements: masked, byHand: 'its query holds secrets, which are left out' }
}

type Around = Pick<DatabasePart, 'temporaryTables' | 'routineLoads' | 'pipes' | 'tasks'>

/** What no version backs up: listed where this one can. Left out: it cannot be listed. */
async function listAround(
  { cluster }: Side,
  database: string,
  signal?: AbortSignal,
): Promise<{ lists: Around; entries: CompanionEntry[] }> {
  const names = async (sql: string, column: string): Promise<string[] | undefined> => {
    try {
      const { rows } = await cluster.query(sql, { signal })
      return rows.flatMap((row) => row.get(column) ?? [])
    } catch (error) {
      if (!(error instanceof StarRocksError) || isUnreachable(error)) throw error
      // Versions without the thing have none of it.
      return error.kind === 'Syntax' || error.kind === 'NotFound' || error.kind === 'Unsupported' ? [] : undefined
    }
  }
  const literal = quoteString(database)
  const routineLoads = await names(`SHOW ROUTINE LOAD FROM ${quoteName(database)}`, 'Name')
  const pipes = await names(
    `SELECT PIPE_NAME FROM information_schema.pipes WHERE DATABASE_NAME = ${literal}`,
    'PIPE_NAME',
  )
  const allTasks = await names(
    `SELECT TASK_NAME FROM information_schema.tasks WHERE \`DATABASE\` = ${literal}`,
    'TASK_NAME',
  )
  // Those that refresh materialized views come with them.
  const tasks = allTasks?.filter((name) => !/^mv-\d+$/.test(name))
  const temporaryTables = await names(
    `SELECT TABLE_NAME FROM information_schema.temp_tables WHERE TABLE_SCHEMA = ${literal}`,
    'TABLE_NAME',
  )
  const entries = (kind: 'routineLoad' | 'pipe' | 'task', found: string[] | undefined, byHand: string) =>
    (found ?? []).map((name): CompanionEntry => ({ kind, name: `${database}.${name}`, statements: [], byHand }))
  return {
    lists: { temporaryTables, routineLoads, pipes, tasks },
    entries: [
      ...entries('routineLoad', routineLoads, 'create it again: its position and its secrets are not kept'),
      ...entries('pipe', pipes, 'create it again'),
      ...entries('task', tasks, 'submit it again'),
    ],
  }
}

function unlessGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}
