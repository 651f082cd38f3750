import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, LabSqlError } from './errors.ts'
import { onDatabase } from './has-privilege.ts'
import { parseProperties, parsePropertyList } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { systemDatabases } from './resolve.ts'
import { deactivateReaders } from './view-activity.ts'

/** CREATE DATABASE, the word DATABASE read. */
export const createDatabase = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const name = cursor.identifier()
  const properties = parseProperties(cursor)
  cursor.end()
  const { state } = context
  const pattern = context.profile.version === '3.1' ? /^[a-zA-Z]\w{0,255}$/ : /^[a-zA-Z_][\w-]{0,255}$/
  if (!pattern.test(name)) throw analysisFailure(`Incorrect database name '${name}'`, 1102, '42000')
  demand(session, ['CREATE DATABASE'], 'CATALOG default_catalog')
  if (state.databases.has(name) || systemDatabases.some((s) => s === name)) {
    if (ifNotExists) return done()
    throw failure(`Can't create database '${name}'; database exists`, 1007)
  }
  state.databases.set(name, {
    id: state.nextId(),
    name,
    objects: new Map(),
    properties: new Map(properties),
    functions: [],
  })
  return done()
}

/** DROP DATABASE [IF EXISTS] name [FORCE], the word DATABASE read. */
export const dropDatabase = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const ifExists = cursor.accept('IF', 'EXISTS')
  const name = cursor.identifier()
  const force = cursor.accept('FORCE')
  cursor.end()
  const database = context.state.databases.get(name)
  if (!database) {
    if (ifExists) return done()
    throw failure(`Can't drop database '${name}'; database doesn't exist`, 1008)
  }
  if (!force) checkTables(context, name)
  demand(session, ['DROP'], `DATABASE ${name}`, onDatabase(database))
  context.state.databases.delete(name)
  if (!force) context.state.recycleBin.push({ kind: 'database', database })
  for (const object of database.objects.values())
    deactivateReaders(context.state, object.id, `base-table dropped: ${object.name}`)
  for (const one of context.sessions.values()) if (one.database === name) one.database = undefined
  return done()
}

/** Tables that something works on keep their database. */
const checkTables = (context: LabSqlContext, name: string): void => {
  for (const object of context.state.databases.get(name)?.objects.values() ?? []) {
    if (object.kind !== 'table' || object.state === 'NORMAL') continue
    throw failure(
      `The table [${object.state}]'s state is ${object.state}, cannot be dropped. please cancel the operation on olap table firstly. If you want to forcibly drop(cannot be recovered), please use "DROP table FORCE".`,
    )
  }
}

/** ALTER DATABASE: quota, properties, rename; the word DATABASE read. */
export const alterDatabase = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.identifier()
  const database = context.state.databases.get(name)
  const missing = () => new LabSqlError(5501, '3F000', `Unknown database '${name}'`, 'execution')
  if (cursor.accept('RENAME')) {
    const to = cursor.identifier()
    cursor.end()
    if (!database) throw missing()
    demand(session, ['ALTER'], `DATABASE ${name}`, onDatabase(database))
    if (context.state.databases.has(to)) throw failure(`Database name[${to}] is already used`)
    context.state.databases.delete(name)
    database.name = to
    context.state.databases.set(to, database)
    return done()
  }
  let quota: [string, string] | undefined
  if (!cursor.accept('SET')) throw cursor.noViable(0)
  if (cursor.at('(')) parsePropertyList(cursor)
  else {
    if (!cursor.accept('DATA')) cursor.expect('REPLICA')
    const kind = cursor.tokens[cursor.index - 1]?.upper ?? ''
    cursor.expect('QUOTA')
    quota = [kind, cursor.next().value]
  }
  cursor.end()
  if (!database) throw missing()
  if (quota) database.properties.set(`${quota[0].toLowerCase()}_quota`, quota[1])
  return done()
}
