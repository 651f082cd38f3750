import { LabDataError } from '../data/index.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import { createTable } from './create-table.ts'
import { createTableAs, createTableLike } from './create-table-from.ts'
import { Cursor } from './cursor.ts'
import { asOldError, failure, LabSqlError } from './errors.ts'
import { runExplain } from './explain.ts'
import { onDatabase } from './has-privilege.ts'
import { parseCreateTable } from './parse-create-table.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'
import { databaseName, resolveDatabase, systemDatabases } from './resolve.ts'
import { runAdmin } from './run-admin.ts'
import { runAlterTable } from './run-alter-table.ts'
import { runAnalyze } from './run-analyze.ts'
import { runBackup } from './run-backup.ts'
import { cancelSnapshotJob } from './run-cancel-snapshot.ts'
import { alterCatalog, createCatalog, dropCatalog, setCatalog } from './run-catalog.ts'
import { alterDatabase, createDatabase, dropDatabase } from './run-database.ts'
import { createFunction, dropFunction } from './run-function.ts'
import { runGrant } from './run-grant.ts'
import { createIndex, dropIndex } from './run-index.ts'
import { runInsert } from './run-insert.ts'
import { alterMaterializedView, createMaterializedView, refreshMaterializedView } from './run-materialized-view.ts'
import { runRecover } from './run-recover.ts'
import { createRepository, dropRepository } from './run-repository.ts'
import { createResource, dropResource } from './run-resource.ts'
import { createResourceGroup, dropResourceGroup } from './run-resource-group.ts'
import { runRestore } from './run-restore.ts'
import { createRole, dropRole } from './run-role.ts'
import { createRoutineLoad, stopRoutineLoad } from './run-routine-load.ts'
import { runSelect } from './run-select.ts'
import { runDescribe, runShow } from './run-show.ts'
import { showSnapshot } from './run-show-snapshot.ts'
import { runStorageVolume, setDefaultVolume } from './run-storage-volume.ts'
import { dropObject, runDelete, runTruncate } from './run-table.ts'
import { alterUser, createUser, dropUser, setRole } from './run-user.ts'
import { alterView, createView } from './run-view.ts'
import { runSet } from './variables.ts'

/**
 * Runs one statement for a session.
 * Throws LabSqlError with the number, state and text that the release's frontend sends.
 */
export const executeStatement = (context: LabSqlContext, session: LabSession, sql: string): LabResult => {
  try {
    return dispatch(context, session, new Cursor(sql, context.profile.version))
  } catch (error) {
    throw asRelease(context, error)
  }
}

const asRelease = (context: LabSqlContext, error: unknown): unknown => {
  const known = error instanceof LabDataError ? failure(error.message) : error
  return known instanceof LabSqlError && context.profile.version === '3.1' ? asOldError(known) : known
}

/** Statements for which a frontend asks a repository's storage. They cannot be run at once. */
export const asksStorage = (sql: string): boolean =>
  /^(?:\s|\/\*[\s\S]*?\*\/)*(BACKUP|RESTORE|CREATE\s+(READ\s+ONLY\s+)?REPOSITORY|SHOW\s+SNAPSHOT)\b/i.test(sql)

/** Runs any statement; those that ask storage wait for it. */
export const executeAny = async (context: LabSqlContext, session: LabSession, sql: string): Promise<LabResult> => {
  if (!asksStorage(sql)) return executeStatement(context, session, sql)
  try {
    return await dispatchStorage(context, session, new Cursor(sql, context.profile.version))
  } catch (error) {
    throw asRelease(context, error)
  }
}

const dispatchStorage = (context: LabSqlContext, session: LabSession, cursor: Cursor): Promise<LabResult> => {
  if (cursor.accept('BACKUP')) return runBackup(context, session, cursor)
  if (cursor.accept('RESTORE')) return runRestore(context, session, cursor)
  if (cursor.accept('CREATE')) return createRepository(context, session, cursor)
  cursor.expect('SHOW', 'SNAPSHOT')
  return showSnapshot(context, session, cursor)
}

const dispatch = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { version } = context.profile
  const word = cursor.token.upper
  switch (word) {
    case '<EOF>':
    case ';':
      return done()
    case 'SELECT':
    case 'WITH':
    case '(': {
      const query = parseQuery(cursor, version)
      cursor.end()
      return runSelect(context, session, query)
    }
    case 'SHOW':
      cursor.next()
      return runShow(context, session, cursor)
    case 'DESC':
    case 'DESCRIBE':
      cursor.next()
      return runDescribe(context, session, cursor)
    case 'EXPLAIN':
      cursor.next()
      return runExplain(context, session, cursor)
    case 'USE':
      cursor.next()
      return use(context, session, cursor)
    case 'SET':
      cursor.next()
      if (cursor.accept('CATALOG')) return setCatalog(context, session, cursor)
      if (cursor.at('ROLE') || cursor.at('DEFAULT', 'ROLE')) return setRole(context, cursor)
      return cursor.peek(1).upper === 'AS'
        ? setDefaultVolume(context, session, cursor)
        : runSet(context, session, cursor)
    case 'CREATE':
      cursor.next()
      return create(context, session, cursor)
    case 'DROP':
      cursor.next()
      return drop(context, session, cursor)
    case 'ALTER':
      cursor.next()
      return alter(context, session, cursor)
    case 'TRUNCATE':
      cursor.next()
      return runTruncate(context, session, cursor)
    case 'INSERT':
      cursor.next()
      return runInsert(context, session, cursor)
    case 'DELETE':
      cursor.next()
      return runDelete(context, session, cursor)
    case 'ADMIN':
      return runAdmin(context, session, cursor)
    case 'STOP':
      cursor.next()
      cursor.expect('ROUTINE', 'LOAD', 'FOR')
      return stopRoutineLoad(context, session, cursor)
    case 'REFRESH':
      cursor.next()
      return refreshMaterializedView(context, session, cursor)
    case 'GRANT':
    case 'REVOKE':
      return runGrant(context, session, cursor)
    case 'ANALYZE':
      cursor.next()
      return runAnalyze(context, session, cursor)
    case 'RECOVER':
      cursor.next()
      return runRecover(context, session, cursor)
    case 'BEGIN':
    case 'START':
    case 'COMMIT':
    case 'ROLLBACK':
      return done()
    case 'CANCEL':
      if (/^(BACKUP|RESTORE)$/.test(cursor.peek(1).upper)) {
        cursor.next()
        return cancelSnapshotJob(context, session, cursor)
      }
      cursor.index = cursor.tokens.length - 1
      return done()
    case 'KILL':
      cursor.next()
      cursor.accept('CONNECTION')
      cursor.accept('QUERY')
      throw new LabSqlError(1094, 'HY000', `Unknown thread id: ${cursor.next().text}`, 'show')
  }
  throw version === '3.1'
    ? cursor.unexpected('SELECT', 'DELETE', 'EXECUTE', 'SET', 'DESC', '(', ';')
    : version === '4.1'
      ? cursor.unexpected('SELECT', 'DELETE', 'ENABLE', 'EXECUTE', 'DEALLOCATE', '(', ';')
      : cursor.unexpected('SELECT', 'DELETE', 'EXECUTE', 'DEALLOCATE', 'SET', '(', ';')
}

const use = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const path = [cursor.identifier()]
  while (cursor.accept('.')) path.push(cursor.identifier())
  cursor.end()
  const name = path.at(-1) ?? ''
  // 3.1 names the last kind of object that it looked at.
  const on = context.profile.version === '3.1' ? 'FUNCTION ANY' : `DATABASE ${name}`
  if (context.state.databases.has(name)) demand(session, ['ANY'], on)
  useDatabase(context, session, name)
  return done()
}

/** USE, and the database of a login. */
export const useDatabase = (context: LabSqlContext, session: LabSession, name: string): void => {
  if (!context.state.databases.has(name) && !systemDatabases.some((s) => s === name)) {
    throw new LabSqlError(5501, '3F000', `Unknown database '${name}'`, 'show')
  }
  session.database = name
}

const create = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) return createDatabase(context, session, cursor)
  const orReplace = cursor.accept('OR', 'REPLACE')
  if (cursor.accept('VIEW')) return createView(context, session, cursor, orReplace)
  if (cursor.accept('MATERIALIZED', 'VIEW')) return createMaterializedView(context, session, cursor)
  if (cursor.at('INDEX')) return createIndex(context, session, cursor)
  if (cursor.at('STORAGE', 'VOLUME')) return runStorageVolume(context, session, cursor)
  if (cursor.accept('USER')) return createUser(context, session, cursor)
  if (cursor.accept('ROLE')) return createRole(context, session, cursor)
  if (cursor.accept('EXTERNAL', 'CATALOG')) return createCatalog(context, session, cursor)
  if (cursor.accept('RESOURCE', 'GROUP')) return createResourceGroup(context, session, cursor)
  if (cursor.accept('EXTERNAL', 'RESOURCE') || cursor.accept('RESOURCE'))
    return createResource(context, session, cursor)
  if (cursor.accept('ROUTINE', 'LOAD')) return createRoutineLoad(context, session, cursor)
  if (atFunction(cursor) && (!orReplace || context.profile.atLeast('3.5')))
    return createFunction(context, session, cursor, orReplace)
  const external = cursor.accept('EXTERNAL')
  const temporary = !external && context.profile.atLeast('3.3') && cursor.accept('TEMPORARY')
  if (!cursor.accept('TABLE')) throw cursor.noViable(0)
  const statement = parseCreateTable(cursor, context.profile.version, { external, temporary })
  cursor.end()
  const database = resolveDatabase(context, session, statement.target)
  demand(session, ['CREATE TABLE'], `DATABASE ${database.name}`, onDatabase(database))
  if (statement.like) return createTableLike(context, session, statement)
  if (statement.as) return createTableAs(context, session, statement)
  return createTable(context, session, statement)
}

const drop = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('DATABASE') || cursor.accept('SCHEMA')) return dropDatabase(context, session, cursor)
  if (cursor.accept('TEMPORARY', 'TABLE') || cursor.accept('TABLE'))
    return dropObject(context, session, cursor, 'TABLE')
  if (cursor.accept('VIEW')) return dropObject(context, session, cursor, 'VIEW')
  if (cursor.accept('MATERIALIZED', 'VIEW')) return dropObject(context, session, cursor, 'MATERIALIZED VIEW')
  if (cursor.at('INDEX')) return dropIndex(context, session, cursor)
  if (cursor.accept('REPOSITORY')) return dropRepository(context, session, cursor)
  if (cursor.at('STORAGE', 'VOLUME')) return runStorageVolume(context, session, cursor)
  if (cursor.accept('USER')) return dropUser(context, session, cursor)
  if (cursor.accept('ROLE')) return dropRole(context, session, cursor)
  if (cursor.accept('CATALOG')) return dropCatalog(context, session, cursor)
  if (cursor.accept('RESOURCE', 'GROUP')) return dropResourceGroup(context, session, cursor)
  if (cursor.accept('RESOURCE')) return dropResource(context, session, cursor)
  if (cursor.at('FUNCTION') || cursor.at('GLOBAL', 'FUNCTION')) return dropFunction(context, session, cursor)
  throw cursor.noViable(0)
}

const atFunction = (cursor: Cursor): boolean =>
  ['FUNCTION', 'GLOBAL', 'AGGREGATE'].some((word) => cursor.at(word)) || cursor.at('TABLE', 'FUNCTION')

const alter = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('TABLE')) return runAlterTable(context, session, cursor)
  if (cursor.accept('DATABASE')) return alterDatabase(context, session, cursor)
  if (cursor.accept('VIEW')) return alterView(context, session, cursor)
  if (cursor.accept('MATERIALIZED', 'VIEW')) return alterMaterializedView(context, session, cursor)
  if (cursor.at('STORAGE', 'VOLUME')) return runStorageVolume(context, session, cursor)
  if (cursor.accept('USER')) return alterUser(context, session, cursor)
  if (cursor.accept('CATALOG')) return alterCatalog(context, session, cursor)
  throw cursor.noViable(0)
}

export { databaseName }
