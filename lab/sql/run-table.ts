import { deleteRows, truncate } from '../data/index.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, tableNotFound, unknownTable } from './errors.ts'
import { onObject } from './has-privilege.ts'
import { parseNames, parseObjectName } from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase, findPartitionByName, resolveObject } from './resolve.ts'
import { rowMatcher } from './row-columns.ts'
import { restoring } from './run-alter-table.ts'
import { deactivateReaders } from './view-activity.ts'

const kindWords = {
  table: 'TABLE',
  'external-table': 'TABLE',
  view: 'VIEW',
  'materialized-view': 'MATERIALIZED VIEW',
} as const

/** DROP TABLE|VIEW|MATERIALIZED VIEW [IF EXISTS] name [FORCE]; the words before IF read. */
export const dropObject = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  what: 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW',
): LabResult => {
  const ifExists = cursor.accept('IF', 'EXISTS')
  const name = parseObjectName(cursor)
  const force = cursor.accept('FORCE')
  cursor.end()
  const dbName = databaseName(session, name)
  const database = context.state.databases.get(dbName)
  if (!database) {
    if (ifExists) return done()
    findDatabase(context.state, dbName)
    return done()
  }
  const object = database.objects.get(name.name)
  if (!object) {
    if (what === 'MATERIALIZED VIEW' && dropSyncView(database.objects.values(), name.name)) return done()
    if (ifExists) return done()
    throw unknownTable(name.name)
  }
  if (kindWords[object.kind] !== what) {
    if (what === 'MATERIALIZED VIEW')
      throw failure('Cannot drop base index by using DROP ROLLUP or DROP MATERIALIZED VIEW.')
    throw analysisFailure(`'${dbName}'.'${name.name}' is not '${what}'`, 1347)
  }
  demand(session, ['DROP'], `${what} ${name.name}`, onObject(database, object))
  if (object.kind === 'table' && object.state === 'RESTORE' && !force) throw restoring(object)
  database.objects.delete(name.name)
  if (object.kind === 'table' && !force)
    context.state.recycleBin.push({ kind: 'table', databaseId: database.id, table: object })
  const kind = object.kind === 'materialized-view' ? 'mv' : object.kind === 'view' ? 'view' : 'table'
  deactivateReaders(context.state, object.id, `base-${kind} dropped: ${object.name}`)
  return done()
}

/** A synchronous materialized view is an index of its table. */
const dropSyncView = (objects: Iterable<import('../model.ts').LabObject>, name: string): boolean => {
  for (const object of objects) {
    if (object.kind !== 'table') continue
    const index = object.indexes.slice(1).find((i) => i.name === name)
    if (!index) continue
    object.indexes = object.indexes.filter((i) => i !== index)
    for (const partition of object.partitions)
      for (const physical of partition.physical) physical.tablets.delete(index.id)
    return true
  }
  return false
}

/** TRUNCATE TABLE t [PARTITION (p, …)]; the word TRUNCATE read. */
export const runTruncate = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('TABLE')
  const name = parseObjectName(cursor)
  const partitions =
    cursor.accept('PARTITION') || cursor.accept('PARTITIONS')
      ? cursor.at('(')
        ? parseNames(cursor)
        : cursor.separated(() => cursor.identifier())
      : undefined
  cursor.accept('FORCE')
  cursor.end()
  if (!context.profile.atLeast('3.3')) {
    const database = findDatabase(context.state, databaseName(session, name))
    if (!database.objects.has(name.name)) throw failure(`Unknown table '${name.name}'`)
  }
  const { database, object } = resolveObject(context, session, name)
  demand(session, ['DELETE'], `TABLE ${name.name}`, onObject(database, object))
  if (object.kind !== 'table') throw failure(`${object.name} is not a OLAP table`)
  const found = partitions?.map((p) => {
    const partition = findPartitionByName(context.state, object, p, false)
    if (!partition) throw failure(`Partition ${p} does not exist`)
    return partition.name
  })
  if (object.state === 'RESTORE') throw restoring(object)
  if (object.state !== 'NORMAL') throw failure(`Table's state is not NORMAL: ${object.state}`)
  truncate(context.state, object, found)
  return done()
}

/** DELETE FROM t [PARTITION (p)] WHERE …; the word DELETE read. */
export const runDelete = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('FROM')
  const name = parseObjectName(cursor)
  const chosen = cursor.accept('PARTITION') || cursor.accept('PARTITIONS')
  const partitions = chosen ? (cursor.at('(') ? parseNames(cursor) : [cursor.identifier()]) : undefined
  const where = cursor.accept('WHERE') ? parseExpression(cursor, context.profile.version, parseQuery) : undefined
  cursor.end()
  const database = findDatabase(context.state, databaseName(session, name))
  const object = database.objects.get(name.name)
  if (!object) throw tableNotFound(name.name)
  demand(session, ['DELETE'], `TABLE ${name.name}`, onObject(database, object))
  if (object.kind !== 'table') throw analysisFailure(`table '${name.name}' is not a native table`)
  if (!where) throw analysisFailure('Delete must specify where clause to prevent full table delete')
  // Duplicate, unique and aggregate tables answer no count: the predicate is applied later.
  const deleted = deleteRows(context.state, database, object, rowMatcher(context, object, where), partitions)
  return done(object.keysType === 'PRIMARY_KEYS' ? deleted : 0)
}
