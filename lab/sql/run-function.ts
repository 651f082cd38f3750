import { createHash } from 'node:crypto'
import type { LabFunction } from '../model.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure } from './errors.ts'
import { onDatabase, onSystem } from './has-privilege.ts'
import { parseObjectName } from './parse-clauses.ts'
import { type FunctionDefinition, parseArgumentTypes, parseCreateFunction } from './parse-function.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase } from './resolve.ts'

/** Name of the database that StarRocks keeps global functions in. */
const globalDatabase = '__global_udf_db__'

export const findFunction = (
  functions: readonly LabFunction[],
  name: string,
  argumentTypes: readonly string[],
): LabFunction | undefined =>
  functions.find(
    (one) => one.name.toLowerCase() === name.toLowerCase() && one.argumentTypes.join(',') === argumentTypes.join(','),
  )

/** CREATE [OR REPLACE] … FUNCTION; CREATE and OR REPLACE read. */
export const createFunction = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  orReplace: boolean,
): LabResult => {
  const { state, profile } = context
  const definition = parseCreateFunction(cursor, profile.atLeast('3.5'), orReplace)
  const database = definition.global ? undefined : findDatabase(state, databaseName(session, definition.name))
  if (state.config.get('enable_udf')?.value === 'false') {
    throw analysisFailure(
      `UDF is not enabled in FE, please configure enable_udf=true in fe/conf/fe.conf${profile.atLeast('3.5') ? '' : ' or '}`,
    )
  }
  const made = makeFunction(context, definition)
  if (database) demand(session, ['CREATE FUNCTION'], `DATABASE ${database.name}`, onDatabase(database))
  else demand(session, ['CREATE GLOBAL FUNCTION'], 'SYSTEM', onSystem)
  const functions = database?.functions ?? state.globalFunctions
  const existing = findFunction(functions, made.name, made.argumentTypes)
  if (existing && definition.ifNotExists) return done()
  if (existing && !orReplace) throw failure('function already exists')
  if (existing) functions.splice(functions.indexOf(existing), 1)
  functions.push({ ...made, id: -state.nextId() })
  return done()
}

/** Port 1 of this machine is where nobody ever serves a jar; any other URL is taken as one whose jar has its address as content. */
const checksum = (context: LabSqlContext, file: string): string => {
  if (!/^(https?|s3a?|oss|hdfs):\/\/.+/.test(file) || /^https?:\/\/127\.0\.0\.1:1\//.test(file))
    throw context.profile.atLeast('3.5')
      ? analysisFailure("cannot to compute object's checksum", 5064, '42000')
      : analysisFailure("cannot to compute object's checksum")
  return createHash('md5').update(file).digest('hex')
}

const makeFunction = (context: LabSqlContext, definition: FunctionDefinition): Omit<LabFunction, 'id'> => {
  const properties = new Map(definition.properties.map(([key, value]) => [key.toLowerCase(), value]))
  const type = properties.get('type') ?? ''
  const symbol = properties.get('symbol') ?? ''
  const file = properties.get('file') ?? ''
  const python = /^python$/i.test(type) && context.profile.atLeast('3.5')
  if (!python && !/^starrocksjar$/i.test(type)) throw analysisFailure('CREATE FUNCTION only support StarrocksJar')
  if (symbol === '') throw analysisFailure('No symbol in property')
  if (file === '') throw analysisFailure("No 'file' in property")
  return {
    name: definition.name.name.toLowerCase(),
    argumentTypes: definition.argumentTypes,
    variadic: definition.variadic,
    returnType: definition.returnType,
    intermediateType: definition.intermediateType,
    kind: definition.kind,
    symbol,
    file,
    type: python ? 'PYTHON' : 'SRJAR',
    md5: python && file === 'inline' ? '' : (properties.get('md5') ?? checksum(context, file)),
    ...(definition.content === undefined ? {} : { content: definition.content }),
  }
}

/** DROP [GLOBAL] FUNCTION f(types); DROP read. */
export const dropFunction = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state } = context
  const global = cursor.accept('GLOBAL')
  cursor.expect('FUNCTION')
  const ifExists = context.profile.atLeast('3.5') && cursor.accept('IF', 'EXISTS')
  const name = parseObjectName(cursor)
  const { types } = parseArgumentTypes(cursor)
  cursor.end()
  const database = global ? undefined : findDatabase(state, databaseName(session, name))
  const functions = database?.functions ?? state.globalFunctions
  const found = findFunction(functions, name.name, types)
  if (!found) {
    if (ifExists) return done()
    const place = database?.name ?? globalDatabase
    throw analysisFailure(`Unknown function '${place}.${name.name}(${types.join(', ')})'`, 1055, '42000')
  }
  demand(
    session,
    ['DROP'],
    `${global ? 'GLOBAL ' : ''}FUNCTION ${name.name}`,
    database ? { type: 'FUNCTION', database, function: found } : { type: 'GLOBAL FUNCTION', function: found },
  )
  functions.splice(functions.indexOf(found), 1)
  return done()
}
