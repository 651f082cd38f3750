import { viewStorage } from '../backup/view-storage.ts'
import type { LabDatabase, LabObject, LabTable } from '../model.ts'
import { showAlterJobs } from '../show/alter-jobs.ts'
import { showCatalogs, showCreateCatalog, unreachableCatalog } from '../show/catalogs.ts'
import { createTableText } from '../show/create-table-text.ts'
import { showData, showTableStatus } from '../show/data-size.ts'
import { describe, describeAll, fullColumns } from '../show/describe.ts'
import { showDynamicPartitions } from '../show/dynamic-partitions.ts'
import { showFunctions } from '../show/functions.ts'
import { showGrants, showRoleGrants } from '../show/grants.ts'
import { showIndex } from '../show/indexes.ts'
import { showMaterializedViews } from '../show/materialized-views.ts'
import { showBackends, showComputeNodes, showFrontends } from '../show/nodes.ts'
import { showPartitions } from '../show/partitions.ts'
import { showProc } from '../show/proc.ts'
import { showProcesslist } from '../show/sessions.ts'
import { showBackup, showRestore } from '../show/snapshot-jobs.ts'
import { showStorageVolumes } from '../show/storage-volumes.ts'
import { systemTableNames } from '../show/system-tables.ts'
import { showTabletList } from '../show/tablets.ts'
import { showTransaction } from '../show/transaction.ts'
import { showAuthentication, showRoles, showUsers } from '../show/users.ts'
import { viewText } from '../show/view-text.ts'
import { type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { defaultVolume } from './default-volume.ts'
import {
  analysisFailure,
  LabSqlError,
  oldShowFailure,
  showFailure,
  tableNotFound,
  unknownDatabase,
  unknownTable,
} from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import { filterResult, parseShowFilter } from './filter-result.ts'
import { onObject, onSystem } from './has-privilege.ts'
import { likePattern } from './like.ts'
import { parseNames, parseObjectName } from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { demand, holds } from './privileges.ts'
import { databaseName, findDatabase, resolveObject, systemDatabases } from './resolve.ts'
import { showRepositories } from './run-repository.ts'
import { showResources } from './run-resource.ts'
import { showResourceGroups } from './run-resource-group.ts'
import { showRoutineLoads } from './run-routine-load.ts'
import { roleName } from './run-user.ts'
import type { ObjectName } from './statements.ts'
import { parseUser } from './user-identity.ts'
import { showVariables } from './variables.ts'

/** SHOW in every form that the lab knows; the word SHOW read. */
export const runShow = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { version } = context.profile
  const filtered = (result: () => LabResult): LabResult => {
    const filter = parseShowFilter(cursor, version)
    cursor.end()
    return filterResult(result(), filter)
  }
  const closed = (result: () => LabResult): LabResult => {
    cursor.end()
    return result()
  }
  const nodes = (show: (context: LabSqlContext) => LabResult): LabResult =>
    closed(() => {
      demand(session, ['OPERATE', 'NODE'], 'SYSTEM')
      return show(context)
    })
  if (cursor.accept('FRONTENDS')) return nodes(showFrontends)
  if (cursor.accept('BACKENDS')) return nodes(showBackends)
  if (cursor.accept('COMPUTE', 'NODES')) return nodes(showComputeNodes)
  if (cursor.accept('PROC')) {
    if (cursor.token.kind !== 'string') throw cursor.unexpected('SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT')
    const path = cursor.string()
    return closed(() => {
      return showProc(context, path, () => demand(session, ['OPERATE'], 'SYSTEM'))
    })
  }
  if (cursor.accept('DATABASES') || cursor.accept('SCHEMAS')) return showDatabases(context, session, cursor)
  if (cursor.accept('CREATE')) return showCreate(context, session, cursor)
  if (cursor.accept('FULL', 'TABLES') || cursor.accept('TABLES')) {
    return showTables(context, session, cursor, cursor.tokens[cursor.index - 2]?.upper === 'FULL')
  }
  if (cursor.accept('TEMPORARY', 'PARTITIONS') || cursor.accept('PARTITIONS')) {
    const temporary = cursor.tokens[cursor.index - 2]?.upper === 'TEMPORARY'
    const name = from(cursor)
    return filtered(() => showPartitions(context, partitionedTable(context, session, name), temporary))
  }
  if (cursor.accept('TABLET') || cursor.accept('TABLETS')) {
    const name = from(cursor)
    const partitions = cursor.accept('PARTITION') || cursor.accept('PARTITIONS') ? parseNames(cursor) : undefined
    return filtered(() => {
      const { object } = resolveObject(context, session, name)
      if (object.kind !== 'table')
        throw oldShowFailure(context, `Table '${name.name}' is not a OLAP table`, 5503, '42000')
      return showTabletList(context, object, partitions)
    })
  }
  if (cursor.at('FULL', 'COLUMNS') || cursor.at('COLUMNS') || cursor.at('FIELDS') || cursor.at('FULL', 'FIELDS')) {
    const full = cursor.accept('FULL')
    cursor.next()
    const name = from(cursor)
    return filtered(() => {
      const { object } = resolveObject(context, session, name)
      return full ? fullColumns(context, object) : describe(context, object)
    })
  }
  if (cursor.accept('INDEX') || cursor.accept('INDEXES') || cursor.accept('KEY') || cursor.accept('KEYS')) {
    const name = from(cursor)
    return closed(() => {
      const { database, object } = resolveObject(context, session, name)
      return showIndex(context, database, object)
    })
  }
  if (cursor.at('ALTER')) return showAlter(context, session, cursor, filtered)
  if (cursor.accept('MATERIALIZED', 'VIEWS') || cursor.accept('MATERIALIZED', 'VIEW')) {
    const found = optionalDatabase(context, session, cursor)
    const database = (): LabDatabase => {
      try {
        return found()
      } catch (error) {
        // 3.1 looks for the database when it collects the rows.
        if (context.profile.version !== '3.1' || !(error instanceof LabSqlError)) throw error
        throw showFailure(error.message.replace(/^.*Detail message: (.*)\.$/, '$1'))
      }
    }
    if (cursor.accept('LIKE')) {
      const pattern = likePattern(cursor.string())
      return closed(() => {
        const all = showMaterializedViews(context, session, database())
        return { ...all, rows: all.rows.filter((r) => pattern.test(r[2] ?? '')) }
      })
    }
    return filtered(() => showMaterializedViews(context, session, database()))
  }
  if (cursor.accept('DYNAMIC', 'PARTITION', 'TABLES')) {
    const database = optionalDatabase(context, session, cursor)
    return closed(() => showDynamicPartitions(context, database()))
  }
  if (cursor.accept('TABLE', 'STATUS')) {
    const database = optionalDatabase(context, session, cursor)
    const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
    return closed(() => {
      const all = showTableStatus(context, database())
      return pattern ? { ...all, rows: all.rows.filter((r) => pattern.test(r[0] ?? '')) } : all
    })
  }
  if (cursor.accept('DATA')) {
    const name = cursor.accept('FROM') ? parseObjectName(cursor) : undefined
    cursor.end()
    return showData(context, session, name)
  }
  if (cursor.accept('TRANSACTION')) {
    const database = optionalDatabase(context, session, cursor)
    return showTransaction(context, database, parseTransactionFilter(cursor, version))
  }
  if (cursor.accept('STORAGE', 'VOLUMES')) {
    const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
    return closed(() => showStorageVolumes(context, pattern))
  }
  if (cursor.at('VARIABLES') || cursor.at('GLOBAL', 'VARIABLES') || cursor.at('SESSION', 'VARIABLES')) {
    while (!cursor.accept('VARIABLES')) cursor.next()
    return showVariables(context, session, cursor)
  }
  if (cursor.accept('GRANTS')) {
    if (cursor.accept('FOR', 'ROLE')) {
      const role = roleName(cursor)
      return closed(() => showRoleGrants(context, session, role))
    }
    const named = cursor.accept('FOR')
    if (named) cursor.accept('USER')
    const user = named ? parseUser(cursor) : undefined
    return closed(() => showGrants(context, session, user))
  }
  if (cursor.accept('USERS')) return closed(() => showUsers(context, session))
  if (cursor.accept('ROLES')) return closed(() => showRoles(context, session))
  if (cursor.accept('ALL', 'AUTHENTICATION')) return closed(() => showAuthentication(context, session, 'all'))
  if (cursor.accept('AUTHENTICATION')) {
    const user = cursor.accept('FOR') ? parseUser(cursor) : undefined
    return closed(() => showAuthentication(context, session, user))
  }
  if (cursor.accept('PROPERTY')) {
    if (cursor.accept('FOR')) {
      if (cursor.token.kind !== 'string') throw cursor.unexpected('DOUBLE_QUOTED_TEXT', 'SINGLE_QUOTED_TEXT')
      cursor.next()
    }
    return closed(() => table(['Key', 'Value'], [['max_user_connections', '1024']]))
  }
  if (cursor.accept('ROUTINE', 'LOAD')) return showRoutineLoads(context, cursor)
  if (cursor.accept('RESOURCES')) return closed(() => showResources(context))
  if (cursor.accept('RESOURCE', 'GROUPS')) {
    cursor.accept('ALL')
    return closed(() => showResourceGroups(context, undefined))
  }
  if (cursor.accept('RESOURCE', 'GROUP')) {
    const name = cursor.identifier()
    return closed(() => showResourceGroups(context, name))
  }
  const functions = (['FUNCTIONS', 'GLOBAL', 'BUILTIN'] as const).find(
    (word) => cursor.at(word) || cursor.at('FULL', word),
  )
  if (functions !== undefined) {
    const full = cursor.accept('FULL')
    const of = cursor.accept('GLOBAL') ? 'global' : cursor.accept('BUILTIN') ? 'builtin' : 'database'
    cursor.expect('FUNCTIONS')
    return showFunctions(context, session, cursor, { full, of })
  }
  if (cursor.accept('FULL', 'PROCESSLIST') || cursor.accept('PROCESSLIST'))
    return closed(() => showProcesslist(context, session, cursor.sql))
  if (cursor.accept('WARNINGS') || cursor.accept('ERRORS')) {
    return filtered(() => table(['Level', 'Code', 'Message'], []))
  }
  if (cursor.accept('CATALOGS')) {
    return closed(() => showCatalogs(context, session))
  }
  if (cursor.at('BACKUP') || cursor.at('RESTORE')) return showSnapshotJobs(context, session, cursor, filtered)
  if (cursor.accept('REPOSITORIES')) return filtered(() => showRepositories(context))
  throw cursor.noViable(0)
}

/** SHOW BACKUP|RESTORE [FROM db]. The predicate of SHOW RESTORE is read and ignored. */
const showSnapshotJobs = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  filtered: (result: () => LabResult) => LabResult,
): LabResult => {
  const backups = cursor.next().upper === 'BACKUP'
  const name = cursor.accept('FROM') || cursor.accept('IN') ? cursor.identifier() : undefined
  const database = () => (name === undefined ? undefined : findDatabase(context.state, name))
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  if (backups && context.profile.version === '4.1') return filtered(() => showBackup(context, session, database()))
  if (!backups && cursor.accept('WHERE')) parseExpression(cursor, context.profile.version, parseQuery)
  cursor.end()
  if (backups) return showBackup(context, session, database())
  const leader = context.state.frontends.find((one) => one.role === 'LEADER')
  return showRestore(context, session, database(), leader !== undefined && leader.id !== session.frontendId)
}

/** The predicate of SHOW TRANSACTION: only `id = n` (or a label) is taken. */
const parseTransactionFilter = (cursor: Cursor, version: LabSqlContext['profile']['version']): { id?: string } => {
  const filter = parseShowFilter(cursor, version)
  cursor.end()
  const where = filter.where
  if (
    where?.kind === 'binary' &&
    where.op === '=' &&
    where.left.kind === 'column' &&
    where.left.path[0]?.toLowerCase() === 'id'
  ) {
    return { id: String(evaluateExpression(where.right, { column: () => null })) }
  }
  return {}
}

const from = (cursor: Cursor): ObjectName => {
  if (!cursor.accept('FROM')) cursor.expect('IN')
  const name = parseObjectName(cursor)
  if (name.database === undefined && (cursor.accept('FROM') || cursor.accept('IN'))) name.database = cursor.identifier()
  return name
}

/** `[FROM db]`; the database is looked up when the statement runs. */
const optionalDatabase = (context: LabSqlContext, session: LabSession, cursor: Cursor): (() => LabDatabase) => {
  const given = cursor.accept('FROM') || cursor.accept('IN') ? cursor.identifier() : undefined
  return () => findDatabase(context.state, databaseName(session, { database: given, name: '' }))
}

const showDatabases = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const catalog = cursor.accept('FROM') || cursor.accept('IN') ? cursor.identifier() : undefined
  const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
  cursor.end()
  if (catalog !== undefined && catalog !== 'default_catalog') throw unreachableCatalog(context)
  void session
  const names = [...systemDatabases, ...context.state.databases.keys()].filter((n) => pattern?.test(n) ?? true)
  return table(
    ['Database'],
    [...new Set(names)].sort().map((n) => [n]),
  )
}

const showTables = (context: LabSqlContext, session: LabSession, cursor: Cursor, full: boolean): LabResult => {
  const given = cursor.accept('FROM') || cursor.accept('IN') ? cursor.identifier() : undefined
  const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
  const filter = parseShowFilter(cursor, context.profile.version)
  cursor.end()
  const name = databaseName(session, { database: given, name: '' })
  if (!context.state.databases.has(name) && !systemTableNames(context, name)) {
    throw oldShowFailure(context, `Unknown database '${name}'`, 5501, '3F000')
  }
  const system = systemTableNames(context, name)
  const rows = system
    ? system.map((t) => [t, 'SYSTEM VIEW'])
    : [...findDatabase(context.state, name).objects.values()]
        .filter((o) => holds(session, 'ANY', onObject(findDatabase(context.state, name), o)))
        .map((o) => [o.name, tableType(o)])
  const column = `Tables_in_${name}`
  const chosen = rows
    .filter(([t]) => pattern?.test(t ?? '') ?? true)
    .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
  const result = full
    ? table([column, 'Table_type'], chosen)
    : table(
        [column],
        chosen.map(([t]) => [t ?? '']),
      )
  return filterResult(result, filter)
}

const tableType = (object: LabObject): string =>
  object.kind === 'view' || object.kind === 'materialized-view' ? 'VIEW' : 'BASE TABLE'

const showCreate = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) {
    const name = cursor.identifier()
    cursor.end()
    if (!context.state.databases.has(name))
      throw context.profile.version === '3.3'
        ? unknownDatabase(name)
        : new LabSqlError(5501, '3F000', `Unknown database '${name}'`, 'show')
    const volume = context.state.databases.get(name)?.properties.get('storage_volume') ?? defaultVolume(context.state)
    const lake = context.state.runMode === 'shared_data' ? `\nPROPERTIES ("storage_volume" = "${volume}")` : ''
    return table(['Database', 'Create Database'], [[name, `CREATE DATABASE \`${name}\`${lake}`]])
  }
  if (cursor.accept('CATALOG')) {
    const name = cursor.identifier()
    cursor.end()
    return showCreateCatalog(context, name)
  }
  const materialized = cursor.accept('MATERIALIZED', 'VIEW')
  const view = !materialized && cursor.accept('VIEW')
  if (!materialized && !view && !cursor.accept('TABLE')) throw cursor.noViable(0)
  const name = parseObjectName(cursor)
  cursor.end()
  const { database, object } = lookup(context, session, name, materialized)
  demand(session, ['ANY'], `TABLE ${name.name}`, onObject(database, object))
  if (view && object.kind !== 'view') {
    throw oldShowFailure(context, `'${database.name}'.'${object.name}' is not 'VIEW'`, 1347)
  }
  if (object.kind === 'table')
    return table(['Table', 'Create Table'], [[object.name, createTableText(context.profile, object)]])
  if (object.kind === 'external-table') return table(['Table', 'Create Table'], [[object.name, object.text]])
  if (object.kind === 'materialized-view') {
    return table(['Materialized View', 'Create Materialized View'], [[object.name, object.text]])
  }
  return table(
    ['View', 'Create View', 'character_set_client', 'collation_connection'],
    [[object.name, viewText(context.profile, object), 'utf8', 'utf8_general_ci']],
  )
}

/** What SHOW CREATE finds; 3.1 knows synchronous materialized views by name and words its misses differently. */
const lookup = (
  context: LabSqlContext,
  session: LabSession,
  name: ObjectName,
  materialized: boolean,
): { database: LabDatabase; object: LabObject } => {
  const dbName = databaseName(session, name)
  const old = context.profile.version === '3.1'
  const database = context.state.databases.get(dbName)
  if (!database)
    throw old ? new LabSqlError(1064, 'HY000', `Unknown database '${dbName}'`, 'show') : unknownDatabase(dbName)
  const object = database.objects.get(name.name)
  if (object) return { database, object }
  if (old && materialized) {
    for (const table of database.objects.values()) {
      if (table.kind !== 'table') continue
      const index = table.indexes.find((i) => i.name === name.name && i.definition !== undefined)
      if (!index) continue
      const text = index.definition ?? ''
      return {
        database,
        object: {
          kind: 'materialized-view',
          id: index.id,
          name: index.name,
          text,
          definition: text,
          schema: [],
          comment: '',
          properties: new Map(),
          createdMs: 0,
          active: true,
          inactiveReason: '',
          baseIds: [],
          formerBaseIds: [],
          refreshes: [],
        },
      }
    }
  }
  if (old) throw new LabSqlError(1064, 'HY000', `Unknown table '${name.name}'`, 'show')
  throw tableNotFound(name.name)
}

const partitionedTable = (context: LabSqlContext, session: LabSession, name: ObjectName): LabTable => {
  const database = findDatabase(context.state, databaseName(session, name))
  const object = database.objects.get(name.name)
  if (!object && context.profile.atLeast('3.3')) throw tableNotFound(name.name)
  demand(session, ['ANY'], `TABLE ${name.name}`, object && onObject(database, object))
  if (object?.kind === 'table') return object
  if (object?.kind === 'materialized-view') return viewStorage(context.state, object)
  const kinds = context.profile.atLeast('3.5') ? 'OLAP/Paimon' : 'OLAP'
  throw analysisFailure(`Table[${name.name}] does not exists or is not ${kinds} table`)
}

const showAlter = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  filtered: (result: () => LabResult) => LabResult,
): LabResult => {
  cursor.expect('ALTER')
  const kinds = { COLUMN: 'column', ROLLUP: 'rollup', OPTIMIZE: 'optimize' } as const
  let kind: 'column' | 'rollup' | 'optimize' = 'rollup'
  if (!cursor.accept('MATERIALIZED', 'VIEW')) {
    cursor.expect('TABLE')
    const word = cursor.token.upper
    const known = context.profile.version === '3.1' ? ['COLUMN', 'ROLLUP'] : ['COLUMN', 'ROLLUP', 'OPTIMIZE']
    if (!known.includes(word)) throw cursor.unexpected(...known)
    kind = kinds[word as keyof typeof kinds]
    cursor.next()
  }
  const database = optionalDatabase(context, session, cursor)
  return filtered(() => showAlterJobs(context, database(), kind))
}

/** DESC and DESCRIBE; the word read. */
export const runDescribe = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('STORAGE', 'VOLUME')) {
    const name = cursor.identifier()
    cursor.end()
    return showStorageVolumes(context, undefined, name)
  }
  const name = parseObjectName(cursor)
  const all = cursor.accept('ALL')
  cursor.end()
  if (name.database?.toLowerCase() === 'information_schema') return describeSystem(context, name.name)
  const dbName = databaseName(session, name)
  const database = findDatabase(context.state, dbName)
  const object = database.objects.get(name.name)
  if (!object) throw unknownTable(name.name)
  demand(session, ['ANY'], `TABLE ${name.name}`, onObject(database, object))
  return all && object.kind === 'table' ? describeAll(context, object) : describe(context, object)
}

const describeSystem = (context: LabSqlContext, name: string): LabResult => {
  const columns = context.profile.informationSchema[name.toLowerCase()]
  if (!columns) throw unknownTable(name)
  return table(
    ['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'],
    columns.map(([field, type, nullable]) => [field, type, nullable, 'false', null, '']),
  )
}
