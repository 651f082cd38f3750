import type { LabView } from '../model.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, tableNotFound } from './errors.ts'
import type { Query } from './expression.ts'
import { plainColumn } from './expression-schema.ts'
import { onDatabase, onObject } from './has-privilege.ts'
import { parseComment, parseObjectName } from './parse-clauses.ts'
import { parseQuery } from './parse-query.ts'
import { printQuery } from './print-query.ts'
import { demand } from './privileges.ts'
import { resolveDatabase } from './resolve.ts'

type ViewColumn = { name: string; comment: string }

export const parseViewColumns = (cursor: Cursor): ViewColumn[] | undefined =>
  cursor.at('(')
    ? cursor.parenthesized(() => ({ name: cursor.identifier(), comment: parseComment(cursor) }))
    : undefined

/** The query's text as the release keeps it: printed anew before 4.1, as typed from then on. */
export const keptText = (context: LabSqlContext, cursor: Cursor, query: Query, printed: string): string =>
  context.profile.atLeast('4.1') ? cursor.sql.slice(query.start, query.end) : printed

/** CREATE [OR REPLACE] VIEW; the words read. */
export const createView = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  orReplace: boolean,
): LabResult => {
  const { state, profile } = context
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const target = parseObjectName(cursor)
  const columns = parseViewColumns(cursor)
  const comment = parseComment(cursor)
  let security: LabView['security'] = 'NONE'
  if (profile.atLeast('3.5') && cursor.accept('SECURITY')) {
    if (cursor.accept('INVOKER')) security = 'INVOKER'
    else cursor.expect('NONE')
  }
  if (!cursor.accept('AS')) {
    const hints = { '3.1': ['WITH', 'COMMENT', 'AS', '('], '3.3': ['COMMENT', 'AS', '('] } as const
    throw cursor.unexpected(
      ...(profile.version === '3.1' || profile.version === '3.3' ? hints[profile.version] : ['AS']),
    )
  }
  const query = parseQuery(cursor, profile.version)
  cursor.end()
  const database = resolveDatabase(context, session, target)
  const existing = database.objects.get(target.name)
  const scoped = { ...session, database: session.database ?? database.name }
  const printed = printQuery(context, scoped, query, { withDatabase: true })
  if (columns && columns.length !== printed.columns.length) {
    throw analysisFailure("Number of columns in view doesn't match the query")
  }
  if (existing && ifNotExists) return done()
  if (existing && !(orReplace && existing.kind === 'view')) {
    throw failure(`Table '${target.name}' already exists`, 1050, '42S01')
  }
  demand(session, ['CREATE VIEW'], `DATABASE ${database.name}`, onDatabase(database))
  const names = columns ?? printed.columns.map((c) => ({ name: c.name, comment: '' }))
  database.objects.set(target.name, {
    kind: 'view',
    id: existing?.id ?? state.nextId(),
    name: target.name,
    columns: names,
    comment,
    security,
    definition: keptText(context, cursor, query, printed.text),
    schema: printed.columns.map((c, i) => plainColumn({ ...c, name: names[i]?.name ?? c.name })),
    createdMs: state.now(),
  })
  return done()
}

/** ALTER VIEW v [(columns)] AS query, and ALTER VIEW v SET SECURITY …; the words read. */
export const alterView = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const target = parseObjectName(cursor)
  const database = resolveDatabase(context, session, target)
  const view = database.objects.get(target.name)
  if (!view) throw tableNotFound(target.name)
  if (view.kind !== 'view') throw analysisFailure(`'${database.name}'.'${target.name}' is not 'VIEW'`, 1347)
  if (cursor.accept('SET', 'SECURITY')) {
    const invoker = cursor.accept('INVOKER')
    if (!invoker) cursor.expect('NONE')
    view.security = invoker ? 'INVOKER' : 'NONE'
    cursor.end()
    return done()
  }
  const columns = parseViewColumns(cursor)
  cursor.expect('AS')
  const query = parseQuery(cursor, context.profile.version)
  cursor.end()
  demand(session, ['ALTER'], `VIEW ${target.name}`, onObject(database, view))
  const printed = printQuery(context, { ...session, database: session.database ?? database.name }, query, {
    withDatabase: true,
  })
  view.columns = columns ?? printed.columns.map((c) => ({ name: c.name, comment: '' }))
  view.schema = printed.columns.map((c, i) => plainColumn({ ...c, name: view.columns[i]?.name ?? c.name }))
  view.definition = keptText(context, cursor, query, printed.text)
  return done()
}
