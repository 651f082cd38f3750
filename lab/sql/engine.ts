import { LabDataError } from '../data/index.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import { createTable } from './create-table.ts'
import { createTableAs, createTableLike } from './create-table-from.ts'
import { Cursor } from './cursor.ts'
import { asOldError, failure, LabSqlError } from './errors.ts'
import { runExplain } from './explain.ts'
import { parseCreateTable } from './parse-create-table.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'
import { databaseName, resolveDatabase, systemDatabases } from './resolve.ts'
import { runAdmin } from './run-admin.ts'
import { runAlterTable } from './run-alter-table.ts'
import { alterDatabase, createDatabase, dropDatabase } from './run-database.ts'
import { createIndex, dropIndex } from './run-index.ts'
import { runInsert } from './run-insert.ts'
import { alterMaterializedView, createMaterializedView, refreshMaterializedView } from './run-materialized-view.ts'
import { runSelect } from './run-select.ts'
import { runDescribe, runShow } from './run-show.ts'
import { runStorageVolume, setDefaultVolume } from './run-storage-volume.ts'
import { dropObject, runDelete, runTruncate } from './run-table.ts'
import { runUser } from './run-user.ts'
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
    const known = error instanceof LabDataError ? failure(error.message) : error
    if (known instanceof LabSqlError && context.profile.version === '3.1') throw asOldError(known)
    throw known
  }
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
    case 'REFRESH':
      cursor.next()
      return refreshMaterializedView(context, session, cursor)
    case 'GRANT':
    case 'REVOKE':
      return runUser(context, session, cursor)
    case 'ANALYZE':
    case 'BEGIN':
    case 'START':
    case 'COMMIT':
    case 'ROLLBACK':
      return done()
    case 'CANCEL':
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
  if (cursor.at('USER') || cursor.at('ROLE')) return runUser(context, session, cursor)
  const external = cursor.accept('EXTERNAL')
  const temporary = !external && context.profile.atLeast('3.3') && cursor.accept('TEMPORARY')
  if (!cursor.accept('TABLE')) throw cursor.noViable(0)
  const statement = parseCreateTable(cursor, context.profile.version, { external, temporary })
  cursor.end()
  const database = resolveDatabase(context, session, statement.target)
  demand(session, ['CREATE TABLE'], `DATABASE ${database.name}`)
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
  if (cursor.at('STORAGE', 'VOLUME')) return runStorageVolume(context, session, cursor)
  if (cursor.at('USER') || cursor.at('ROLE')) return runUser(context, session, cursor)
  throw cursor.noViable(0)
}

const alter = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('TABLE')) return runAlterTable(context, session, cursor)
  if (cursor.accept('DATABASE')) return alterDatabase(context, session, cursor)
  if (cursor.accept('VIEW')) return alterView(context, session, cursor)
  if (cursor.accept('MATERIALIZED', 'VIEW')) return alterMaterializedView(context, session, cursor)
  if (cursor.at('STORAGE', 'VOLUME')) return runStorageVolume(context, session, cursor)
  if (cursor.at('USER')) return runUser(context, session, cursor)
  throw cursor.noViable(0)
}

export { databaseName }
