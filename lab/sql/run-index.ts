import { rebuildTablets } from './alter-columns.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure } from './errors.ts'
import { parseIndexType, parseNames, parseObjectName } from './parse-clauses.ts'
import { indexTypes } from './parse-create-table.ts'
import { demand } from './privileges.ts'
import { resolveObject } from './resolve.ts'
import { makeSecondaryIndex } from './secondary-index.ts'

/** CREATE INDEX name ON t (columns) [USING …]. */
export const createIndex = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('INDEX')
  const name = cursor.identifier()
  cursor.expect('ON')
  const target = parseObjectName(cursor)
  const columns = parseNames(cursor)
  const rest = parseIndexType(cursor, indexTypes(context.profile.version))
  cursor.end()
  const { database, object } = resolveObject(context, session, target)
  demand(session, ['ALTER'], `TABLE ${target.name}`)
  if (object.kind !== 'table') throw analysisFailure(`Table ${target.name} is not found`)
  if (object.secondaryIndexes.some((i) => i.name.toLowerCase() === name.toLowerCase()))
    throw failure(`index \`${name}\` already exist.`)
  object.secondaryIndexes.push(
    makeSecondaryIndex(context, { name, columns, ...rest }, object.indexes[0]?.columns ?? []),
  )
  rebuildTablets(context, database, object)
  return done()
}

/** DROP INDEX name ON t. */
export const dropIndex = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('INDEX')
  const name = cursor.identifier()
  cursor.expect('ON')
  const target = parseObjectName(cursor)
  cursor.end()
  const { database, object } = resolveObject(context, session, target)
  demand(session, ['ALTER'], `TABLE ${target.name}`)
  if (object.kind !== 'table') throw analysisFailure(`Table ${target.name} is not found`)
  const found = object.secondaryIndexes.find((i) => i.name.toLowerCase() === name.toLowerCase())
  if (!found) throw failure(`index \`${name}\` does not exist`)
  object.secondaryIndexes = object.secondaryIndexes.filter((i) => i !== found)
  rebuildTablets(context, database, object)
  return done()
}
