import { createHash } from 'node:crypto'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, LabSqlError } from './errors.ts'
import { onSystem } from './has-privilege.ts'
import { parseComment, parseProperties, parsePropertyList } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import type { Properties } from './statements.ts'

const kinds = /^(hive|iceberg|hudi|jdbc|deltalake|elasticsearch|es|paimon|odps|kudu|unified)$/

const unknownCatalog = (name: string): LabSqlError =>
  new LabSqlError(5078, '42000', `Unknown catalog '${name}'`, 'show')

/** CREATE EXTERNAL CATALOG; the three words read. */
export const createCatalog = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state, profile } = context
  const ifNotExists = profile.atLeast('3.3') && cursor.accept('IF', 'NOT', 'EXISTS')
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  const comment = cursor.at('COMMENT') ? parseComment(cursor) : null
  const given = parseProperties(cursor)
  cursor.end()
  if (!/^[a-zA-Z]\w{0,63}$/.test(name)) throw analysisFailure(`Incorrect catalog name '${name}'`, 5063, '42000')
  const properties = new Map(given)
  const type = properties.get('type')
  if (type === undefined) throw analysisFailure("'type' can not be null or empty")
  if (!kinds.test(type.toLowerCase())) throw analysisFailure(`[type : ${type}] is not supported`)
  demand(session, ['CREATE EXTERNAL CATALOG'], 'SYSTEM', onSystem)
  if (state.catalogs.has(name)) {
    if (ifNotExists) return done()
    throw failure(`Catalog '${name}' already exists`, profile.atLeast('3.5') ? 5514 : 5700, '42000')
  }
  const problem = connectorProblem(context, properties)
  if (problem !== undefined) {
    const detail = ` {Failed to init connector [type: ${type}, name: ${name}]. msg: ${problem}}`
    throw failure(`connector create failed${profile.version === '3.1' ? '' : detail}`)
  }
  const driver = properties.get('driver_url')
  if (driver !== undefined) properties.set('checksum', createHash('md5').update(driver).digest('hex'))
  state.catalogs.set(name, { id: state.nextId(), name, comment, properties })
  return done()
}

/** Jar files under /nonexistent cannot be read, and 4.1 asks a REST catalog, of which the lab's world has none, at once. */
export const connectorProblem = (
  context: LabSqlContext,
  properties: ReadonlyMap<string, string>,
): string | undefined => {
  const driver = properties.get('driver_url')
  if (driver?.startsWith('file:///nonexistent')) return `Cannot get driver from url: ${driver}`
  const rest = properties.get('iceberg.catalog.type') === 'rest'
  return rest && context.profile.atLeast('4.1') ? 'Failed to load rest catalog' : undefined
}

/** DROP CATALOG [IF EXISTS]; both words read. */
export const dropCatalog = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state, profile } = context
  const ifExists = profile.atLeast('3.3') && cursor.accept('IF', 'EXISTS')
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  cursor.end()
  if (name === 'default_catalog') throw analysisFailure("Can't drop the default internal catalog")
  if (!state.catalogs.has(name)) {
    if (ifExists) return done()
    throw profile.version === '3.1' ? failure(`Catalog '${name}' doesn't exist`) : unknownCatalog(name)
  }
  demand(session, ['DROP'], `CATALOG ${name}`, { type: 'CATALOG', catalog: name })
  state.catalogs.delete(name)
  return done()
}

/** ALTER CATALOG c SET (…); both words read. Before 3.5 hardly any property can be changed. */
export const alterCatalog = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  cursor.expect('SET')
  const given: Properties = parsePropertyList(cursor)
  cursor.end()
  const catalog = context.state.catalogs.get(name)
  if (!catalog) throw unknownCatalog(name)
  demand(session, ['ALTER'], `CATALOG ${name}`, { type: 'CATALOG', catalog: name })
  for (const [key] of given)
    if (!context.profile.atLeast('3.5') && key !== 'ranger.plugin.hive.service.name')
      throw analysisFailure(`Not support alter catalog property ${key}`)
  for (const [key, value] of given) catalog.properties.set(key, value)
  return done()
}

/** SET CATALOG c; both words read. */
export const setCatalog = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  cursor.end()
  if (name !== 'default_catalog' && !context.state.catalogs.has(name)) throw unknownCatalog(name)
  session.catalog = name
  return done()
}
