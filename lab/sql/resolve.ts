import type { LabDatabase, LabObject, LabPartition, LabState, LabTable } from '../model.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import { noDatabaseSelected, tableNotFound, unknownDatabase } from './errors.ts'
import type { ObjectName } from './statements.ts'

/** Databases that every frontend has; they hold no tables of users. */
export const systemDatabases = ['_statistics_', 'information_schema', 'sys'] as const

/** The database that a statement means: the one it names, or the session's. */
export const databaseName = (session: LabSession, name: ObjectName): string => {
  const found = name.database ?? session.database
  if (found === undefined || found === '') throw noDatabaseSelected()
  return found
}

export const findDatabase = (state: LabState, name: string): LabDatabase => {
  const database = state.databases.get(name)
  if (!database) throw unknownDatabase(name)
  return database
}

export const resolveDatabase = (context: LabSqlContext, session: LabSession, name: ObjectName): LabDatabase =>
  findDatabase(context.state, databaseName(session, name))

/** A table or materialized view that a statement names. */
export const resolveObject = (
  context: LabSqlContext,
  session: LabSession,
  name: ObjectName,
): { database: LabDatabase; object: LabObject } => {
  const database = resolveDatabase(context, session, name)
  const object = database.objects.get(name.name)
  if (!object) throw tableNotFound(name.name)
  return { database, object }
}

export const isTable = (object: LabObject): object is LabTable => object.kind === 'table'

/** Names of partitions ignore case from 3.5 on. */
export const findPartitionByName = (
  state: LabState,
  table: LabTable,
  name: string,
  temporary: boolean,
): LabPartition | undefined => {
  const exact = state.version === '3.1' || state.version === '3.3'
  return table.partitions.find(
    (p) => p.temporary === temporary && (exact ? p.name === name : p.name.toLowerCase() === name.toLowerCase()),
  )
}
