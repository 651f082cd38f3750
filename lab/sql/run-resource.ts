import { done, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure } from './errors.ts'
import { onSystem } from './has-privilege.ts'
import { parseProperties } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { connectorProblem } from './run-catalog.ts'

const resourceName = (cursor: Cursor): string =>
  cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()

/** CREATE [EXTERNAL] RESOURCE; the words read. */
export const createResource = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = resourceName(cursor)
  const properties = new Map(parseProperties(cursor))
  cursor.end()
  demand(session, ['CREATE RESOURCE'], 'SYSTEM', onSystem)
  if (context.state.resources.has(name)) throw failure(`Resource(${name}) already exist`)
  if (!properties.has('type')) throw analysisFailure('Resource type can not be null')
  const problem = connectorProblem(context, properties)
  if (problem !== undefined) throw failure(problem)
  context.state.resources.set(name, properties)
  return done()
}

/** DROP RESOURCE; both words read. */
export const dropResource = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = resourceName(cursor)
  cursor.end()
  demand(session, ['DROP'], `RESOURCE ${name}`)
  if (!context.state.resources.delete(name)) throw failure(`Resource(${name}) does not exist`)
  return done()
}

/** SHOW RESOURCES: a line for every property, except the type and what is secret. */
export const showResources = (context: LabSqlContext): LabResult =>
  table(
    ['Name', 'ResourceType', 'Key', 'Value'],
    [...context.state.resources].flatMap(([name, properties]) =>
      [...properties]
        .filter(([key]) => key !== 'type' && key !== 'password')
        .map(([key, value]) => [name, properties.get('type') ?? '', key, value]),
    ),
  )
