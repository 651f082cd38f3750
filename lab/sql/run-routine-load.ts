import type { LabRoutineLoad } from '../model.ts'
import { byName, timeText } from '../show/format.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { onObject } from './has-privilege.ts'
import { parseObjectName, parseProperties, parsePropertyList } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase, resolveObject } from './resolve.ts'

/** CREATE ROUTINE LOAD [db.]job ON table [PROPERTIES (…)] FROM KAFKA (…); the words read. It is listed, and loads nothing. */
export const createRoutineLoad = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const job = parseObjectName(cursor)
  cursor.expect('ON')
  const table = cursor.identifier()
  parseProperties(cursor)
  cursor.expect('FROM')
  const source = cursor.identifier().toUpperCase()
  parsePropertyList(cursor)
  cursor.end()
  const { state } = context
  const { database, object } = resolveObject(context, session, { database: databaseName(session, job), name: table })
  demand(session, ['INSERT'], `TABLE ${table}`, onObject(database, object))
  if (state.routineLoads.some((one) => one.databaseId === database.id && one.name === job.name))
    throw analysisFailure(`Name ${job.name} already used in db ${database.name}`)
  state.routineLoads.push({
    id: state.nextId(),
    name: job.name,
    databaseId: database.id,
    tableId: object.id,
    state: 'RUNNING',
    source,
    createdMs: state.now(),
  })
  return done()
}

/** STOP ROUTINE LOAD FOR [db.]job; the words read. */
export const stopRoutineLoad = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const job = parseObjectName(cursor)
  cursor.end()
  const database = findDatabase(context.state, databaseName(session, job))
  const at = context.state.routineLoads.findIndex((one) => one.databaseId === database.id && one.name === job.name)
  if (at < 0) throw analysisFailure(`The specified job ${job.name} does not exist or is stopped`)
  context.state.routineLoads.splice(at, 1)
  return done()
}

/** SHOW ROUTINE LOAD FROM db; the words read. Jobs go by the ids of their tables: they are shown with the names that these have now. */
export const showRoutineLoads = (context: LabSqlContext, cursor: Cursor): LabResult => {
  cursor.expect('FROM')
  const database = findDatabase(context.state, cursor.identifier())
  cursor.end()
  const nameOf = ({ tableId }: LabRoutineLoad): string =>
    [...database.objects.values()].find(({ id }) => id === tableId)?.name ?? String(tableId)
  return byName(
    context,
    'routine-loads',
    context.state.routineLoads
      .filter(({ databaseId }) => databaseId === database.id)
      .map((job) => ({
        Id: String(job.id),
        Name: job.name,
        CreateTime: timeText(context, job.createdMs),
        DbName: database.name,
        TableName: nameOf(job),
        State: job.state,
        DataSourceType: job.source,
        CurrentTaskNum: '1',
      })),
  )
}
