import { randomUUID } from 'node:crypto'
import { touchViewStorage } from '../backup/view-storage.ts'
import type { LabDatabase, LabMaterializedView } from '../model.ts'
import { commentText } from '../show/create-table-text.ts'
import { done, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { defaultVolume } from './default-volume.ts'
import { analysisFailure, analysisFailureAt, LabSqlError } from './errors.ts'
import { plainColumn } from './expression-schema.ts'
import { onDatabase, onObject } from './has-privilege.ts'
import { placeOf } from './lexer.ts'
import { parseComment, parseDistribution, parseNames, parseObjectName, parseProperties } from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { parseViewQuery } from './parse-view-query.ts'
import { printExpression } from './print-expression.ts'
import { printQuery } from './print-query.ts'
import { demand } from './privileges.ts'
import { resolveDatabase } from './resolve.ts'
import { keptText, parseViewColumns } from './run-view.ts'
import type { DistributionClause, Properties } from './statements.ts'
import { createSyncView } from './sync-view.ts'
import { baseIdsOf, deactivateReaders } from './view-activity.ts'

interface Clauses {
  comment: string
  partition?: string
  distribution?: DistributionClause
  refresh?: string
  orderBy?: string[]
  properties: Properties
}

/** REFRESH [IMMEDIATE|DEFERRED] [ASYNC [START (…)] [EVERY (…)] | MANUAL | INCREMENTAL], as SHOW CREATE prints it. */
const parseRefresh = (cursor: Cursor): string => {
  const moment = cursor.accept('DEFERRED') ? 'DEFERRED ' : ''
  if (moment === '') cursor.accept('IMMEDIATE')
  if (cursor.accept('MANUAL')) return `REFRESH ${moment}MANUAL`
  if (cursor.accept('INCREMENTAL')) return `REFRESH ${moment}INCREMENTAL`
  cursor.expect('ASYNC')
  let text = `REFRESH ${moment}ASYNC`
  if (cursor.accept('START')) {
    cursor.expect('(')
    text += ` START("${cursor.string()}")`
    cursor.expect(')')
  }
  if (cursor.accept('EVERY')) {
    cursor.expect('(', 'INTERVAL')
    const count = cursor.integer()
    text += ` EVERY(INTERVAL ${count} ${cursor.next().upper})`
    cursor.expect(')')
  }
  return text
}

const parseClauses = (context: LabSqlContext, cursor: Cursor): Clauses => {
  const clauses: Clauses = { comment: parseComment(cursor), properties: [] }
  for (;;) {
    if (cursor.accept('PARTITION', 'BY')) {
      const wrapped = cursor.accept('(')
      const items = cursor.separated(() => parseExpression(cursor, context.profile.version, parseQuery))
      if (wrapped) cursor.expect(')')
      clauses.partition = items
        .map((e) => printExpression(e, { column: (path) => `\`${path.at(-1) ?? ''}\`` }))
        .join(', ')
    } else if (cursor.at('DISTRIBUTED')) clauses.distribution = parseDistribution(cursor)
    else if (cursor.accept('REFRESH')) clauses.refresh = parseRefresh(cursor)
    else if (cursor.accept('ORDER', 'BY')) clauses.orderBy = parseNames(cursor)
    else if (cursor.at('PROPERTIES')) clauses.properties = parseProperties(cursor)
    else return clauses
  }
}

/** CREATE MATERIALIZED VIEW; both words read. With REFRESH or a distribution it is asynchronous, else an index of its table. */
export const createMaterializedView = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const target = parseObjectName(cursor)
  const columns = parseViewColumns(cursor)
  const clauses = parseClauses(context, cursor)
  cursor.expect('AS')
  const query = parseQuery(cursor, context.profile.version)
  cursor.end()
  const asynchronous =
    clauses.refresh !== undefined || clauses.distribution !== undefined || clauses.partition !== undefined
  if (!asynchronous) {
    createSyncView(context, session, target.name, query, cursor.sql.trim().replace(/;$/, ''))
    return done()
  }
  const database = resolveDatabase(context, session, target)
  const scoped = { ...session, database: session.database ?? database.name }
  if (query.body.kind === 'select' && !query.body.from)
    throw analysisFailure('Can not find base table in query statement')
  const printed = printQuery(context, scoped, query, { withDatabase: false })
  if (database.objects.has(target.name)) {
    if (ifNotExists) return done()
    throw new LabSqlError(
      1050,
      '42S01',
      `Getting analyzing error. Detail message: Table '${target.name}' already exists.`,
      'analysis',
    )
  }
  demand(session, ['CREATE MATERIALIZED VIEW'], `DATABASE ${database.name}`, onDatabase(database))
  const names = columns ?? printed.columns.map((c) => ({ name: c.name, comment: '' }))
  const properties = viewProperties(context, clauses.properties)
  const definition = keptText(context, cursor, query, printed.text)
  const lake = context.state.runMode === 'shared_data'
  const comment = clauses.comment === '' && lake ? 'MATERIALIZED_VIEW' : clauses.comment
  const text = [
    `CREATE MATERIALIZED VIEW \`${target.name}\` (${names.map((c) => `\`${c.name}\`${c.comment === '' ? '' : ` COMMENT "${commentText(c.comment)}"`}`).join(', ')})`,
    ...(comment === '' ? [] : [`COMMENT "${commentText(comment)}"`]),
    ...(clauses.partition === undefined ? [] : [`PARTITION BY (${clauses.partition})`]),
    distributionText(clauses.distribution),
    ...(clauses.orderBy ? [`ORDER BY (${clauses.orderBy.map((c) => `\`${c}\``).join(', ')})`] : []),
    clauses.refresh ?? 'REFRESH MANUAL',
    'PROPERTIES (',
    [...properties].map(([k, v]) => `"${k}" = "${v}"`).join(',\n'),
    ')',
    `AS ${definition};`,
  ].join('\n')
  const wide = context.profile.atLeast('3.5') ? 'varchar(1048576)' : 'varchar(65533)'
  database.objects.set(target.name, {
    kind: 'materialized-view',
    id: context.state.nextId(),
    name: target.name,
    text,
    definition,
    schema: printed.columns.map((c, i) =>
      plainColumn({ ...c, type: c.type.startsWith('varchar') ? wide : c.type, name: names[i]?.name ?? c.name }, true),
    ),
    comment,
    properties,
    createdMs: context.state.now(),
    active: true,
    inactiveReason: '',
    baseIds: baseIdsOf(context, scoped, query),
    formerBaseIds: [],
    refreshes: [],
  })
  return done()
}

const distributionText = (distribution: DistributionClause | undefined): string => {
  if (!distribution || distribution.kind === 'random')
    return `DISTRIBUTED BY RANDOM${distribution?.buckets ? ` BUCKETS ${distribution.buckets}` : ''}`
  const columns = distribution.columns.map((c) => `\`${c}\``).join(', ')
  return `DISTRIBUTED BY HASH(${columns})${distribution.buckets ? ` BUCKETS ${distribution.buckets} ` : ''}`
}

/** Properties in the order in which SHOW CREATE MATERIALIZED VIEW lists them. */
const viewProperties = (context: LabSqlContext, given: Properties): Map<string, string> => {
  const lake = context.state.runMode === 'shared_data'
  const own = new Map(given)
  const properties = new Map<string, string>()
  const timeout = own.get('session.query_timeout')
  // The frontend adds the timeout of the inserts itself, before all else.
  if (!lake && context.profile.atLeast('4.1') && timeout !== undefined && !own.has('session.insert_timeout'))
    properties.set('session.insert_timeout', timeout)
  properties.set('replicated_storage', 'true')
  const number = own.get('replication_num') ?? (lake ? '1' : '3')
  own.delete('replication_num')
  const session = [...own].filter(([k]) => k.startsWith('session.'))
  for (const [key, value] of own)
    if (!key.startsWith('session.') && key !== 'storage_medium') properties.set(key, value)
  properties.set('replication_num', number)
  for (const [key, value] of session) properties.set(key, value)
  if (lake) {
    if (!own.has('datacache.enable')) properties.set('datacache.enable', 'true')
    if (!own.has('enable_async_write_back')) properties.set('enable_async_write_back', 'false')
    if (!own.has('storage_volume')) properties.set('storage_volume', defaultVolume(context.state))
    properties.set('warehouse', 'default_warehouse')
  } else properties.set('storage_medium', own.get('storage_medium')?.toUpperCase() ?? 'HDD')
  return properties
}

/** REFRESH MATERIALIZED VIEW; the word REFRESH read. The lab keeps no rows of materialized views. */
export const refreshMaterializedView = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('MATERIALIZED', 'VIEW')
  const start = cursor.token.start
  const target = parseObjectName(cursor)
  cursor.index = cursor.tokens.length - 1
  const database = resolveDatabase(context, session, target)
  const view = database.objects.get(target.name)
  const { line, column } = placeOf(cursor.sql, start)
  const place = `at line ${line}, column ${column}`
  if (view?.kind !== 'materialized-view')
    throw analysisFailureAt(place, `Can not find materialized view:${target.name}`)
  if (!view.active) {
    throw analysisFailureAt(
      place,
      `Refresh materialized view failed because [${view.name}] is not active. You can try to active it with ALTER MATERIALIZED VIEW ${view.name} ACTIVE; `,
    )
  }
  demand(session, ['REFRESH'], `MATERIALIZED VIEW ${view.name}`, onObject(database, view))
  const taskId = randomUUID()
  const now = context.state.now()
  touchViewStorage(context.state, view, now)
  view.refreshes.push({ taskId, startedMs: now, finishedMs: now })
  return context.profile.atLeast('3.3') ? table(['QUERY_ID'], [[taskId]]) : done()
}

/** Looks at a view's query anew: what it reads now is what it follows. Refused when that is gone or inactive. */
const activate = (
  context: LabSqlContext,
  session: LabSession,
  database: LabDatabase,
  view: LabMaterializedView,
): void => {
  const query = parseViewQuery(view.definition, context.profile.version)
  const scoped = { ...session, database: database.name }
  const refused = (cause: string) =>
    analysisFailure(
      `Can not active materialized view [${view.name}] because analyze materialized view define sql: \n\n${view.text}\n\nCause an error: ${cause}`,
    )
  try {
    printQuery(context, scoped, query, { withDatabase: false })
  } catch (error) {
    if (!(error instanceof LabSqlError)) throw error
    throw refused(error.message.replace(/^.*?Detail message: /, ''))
  }
  const ids = baseIdsOf(context, scoped, query)
  for (const each of context.state.databases.values())
    for (const base of each.objects.values())
      if (base.kind === 'materialized-view' && ids.includes(base.id) && !base.active)
        throw refused(`Create/Rebuild materialized view from inactive materialized view: ${base.name}.`)
  view.formerBaseIds = [...new Set([...view.formerBaseIds, ...view.baseIds])]
  view.baseIds = ids
  view.active = true
  view.inactiveReason = ''
}

/** ALTER MATERIALIZED VIEW: ACTIVE, INACTIVE, RENAME, REFRESH, SET; both words read. */
export const alterMaterializedView = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const target = parseObjectName(cursor)
  const database = resolveDatabase(context, session, target)
  const view = database.objects.get(target.name)
  if (view?.kind !== 'materialized-view') throw analysisFailure(`Table ${target.name} is not found`)
  if (cursor.accept('RENAME')) {
    const to = cursor.identifier()
    database.objects.delete(view.name)
    view.text = view.text.replace(`\`${view.name}\``, `\`${to}\``)
    view.name = to
    database.objects.set(to, view)
  } else if (cursor.accept('REFRESH')) {
    const refresh = parseRefresh(cursor)
    view.text = view.text.replace(/^REFRESH .*$/m, refresh)
  } else if (cursor.accept('INACTIVE')) {
    cursor.end()
    demand(session, ['ALTER'], `MATERIALIZED VIEW ${view.name}`, onObject(database, view))
    view.active = false
    view.inactiveReason = 'user use alter materialized view set status to inactive'
    if (context.profile.atLeast('4.1')) deactivateReaders(context.state, view.id, `base-mv inactive: ${view.name}`)
  } else if (cursor.accept('ACTIVE')) {
    cursor.end()
    demand(session, ['ALTER'], `MATERIALIZED VIEW ${view.name}`, onObject(database, view))
    if (!view.active) activate(context, session, database, view)
  }
  cursor.index = cursor.tokens.length - 1
  return done()
}
