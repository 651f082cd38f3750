import { type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { onObject } from './has-privilege.ts'
import { parseNames, parseObjectName, parseProperties } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { resolveObject } from './resolve.ts'

/** ANALYZE [FULL|SAMPLE] TABLE t [(columns)] [WITH SYNC|ASYNC MODE] [PROPERTIES (…)]; the word ANALYZE read. The lab keeps no statistics. */
export const runAnalyze = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  if (!cursor.accept('FULL')) cursor.accept('SAMPLE')
  cursor.expect('TABLE')
  const target = parseObjectName(cursor)
  if (cursor.at('(')) parseNames(cursor)
  if (cursor.accept('WITH')) {
    if (!cursor.accept('SYNC')) cursor.expect('ASYNC')
    cursor.expect('MODE')
  }
  parseProperties(cursor)
  cursor.end()
  const { database, object } = resolveObject(context, session, target)
  demand(session, ['SELECT'], `TABLE ${object.name}`, onObject(database, object))
  demand(session, ['INSERT'], `TABLE ${object.name}`, onObject(database, object))
  if (object.kind === 'view') throw analysisFailure(`Table '${object.name}' is a view, cannot be analyzed`)
  return table(
    ['Table', 'Op', 'Msg_type', 'Msg_text'],
    [[`${database.name}.${object.name}`, 'analyze', 'status', 'OK']],
  )
}
