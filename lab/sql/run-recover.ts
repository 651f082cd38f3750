import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure } from './errors.ts'
import { onDatabase, onSystem } from './has-privilege.ts'
import { parseObjectName } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase } from './resolve.ts'

/** RECOVER DATABASE d | TABLE t | PARTITION p FROM t; the word RECOVER read. What was dropped last comes back, with its ids and versions. */
export const runRecover = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (cursor.accept('DATABASE')) return recoverDatabase(context, session, cursor)
  if (cursor.accept('TABLE')) return recoverTable(context, session, cursor)
  if (cursor.accept('PARTITION')) return recoverPartition(context, session, cursor)
  throw cursor.unexpected('DATABASE', 'TABLE', 'PARTITION')
}

const recoverDatabase = ({ state }: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.identifier()
  cursor.end()
  demand(session, ['CREATE DATABASE'], 'CATALOG default_catalog', onSystem)
  if (state.databases.has(name)) throw failure(`Database[${name}] already exist.`)
  const at = state.recycleBin.findLastIndex((one) => one.kind === 'database' && one.database.name === name)
  const [found] = at < 0 ? [] : state.recycleBin.splice(at, 1)
  if (found?.kind !== 'database') throw failure(`Unknown database '${name}'`, 5501, '3F000')
  state.databases.set(name, found.database)
  return done()
}

const recoverTable = ({ state }: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const target = parseObjectName(cursor)
  cursor.end()
  const database = findDatabase(state, databaseName(session, target))
  demand(session, ['CREATE TABLE'], `DATABASE ${database.name}`, onDatabase(database))
  if (database.objects.has(target.name)) throw failure(`table[${target.name}] already exists`)
  const at = state.recycleBin.findLastIndex(
    (one) => one.kind === 'table' && one.databaseId === database.id && one.table.name === target.name,
  )
  const [found] = at < 0 ? [] : state.recycleBin.splice(at, 1)
  if (found?.kind !== 'table') throw failure(`Unknown table '${target.name}'`, 5502, '42602')
  database.objects.set(target.name, found.table)
  return done()
}

const recoverPartition = ({ state }: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.identifier()
  cursor.expect('FROM')
  const target = parseObjectName(cursor)
  cursor.end()
  const database = findDatabase(state, databaseName(session, target))
  const table = database.objects.get(target.name)
  if (table?.kind !== 'table') throw failure(`Unknown table '${target.name}'`, 5502, '42602')
  demand(session, ['ALTER'], `TABLE ${table.name}`, { type: 'OBJECT', database, object: table })
  if (table.partitions.some((p) => p.name === name && !p.temporary)) throw failure(`partition[${name}] already exists`)
  const at = state.recycleBin.findLastIndex(
    (one) => one.kind === 'partition' && one.tableId === table.id && one.partition.name === name,
  )
  const [found] = at < 0 ? [] : state.recycleBin.splice(at, 1)
  if (found?.kind !== 'partition') throw failure(`No partition named '${name}' in table ${table.name}`)
  table.partitions.push(found.partition)
  return done()
}
