import type { LabDatabase } from '../model.ts'
import { columnText } from '../show/create-table-text.ts'
import { inStringHashOrder } from '../show/java-hash.ts'
import { done, type LabResult, type LabSqlContext } from './context.ts'
import { makeColumn } from './make-columns.ts'
import type { CreateTable } from './statements.ts'

const secret = /(secret|access)_?key|password/i

/** A table of another system: kept only as the text that SHOW CREATE TABLE prints, secrets masked as the release does. */
export const createExternalTable = (
  context: LabSqlContext,
  database: LabDatabase,
  statement: CreateTable,
): LabResult => {
  const columns = statement.columns.map((c) => makeColumn(context.profile, c, true))
  const mysql = statement.engine === 'MYSQL'
  const equals = mysql ? ' = ' : '  =  '
  const ordered = mysql ? statement.properties : inStringHashOrder(statement.properties, ([key]) => key)
  const properties = ordered.map(([key, value]) => {
    const shown = mysql ? (key === 'password' ? '' : value) : secret.test(key) ? '******' : value
    return `"${key}"${equals}"${shown}"`
  })
  const text = [
    `CREATE EXTERNAL TABLE \`${statement.target.name}\` (`,
    columns.map((c) => `  ${columnText(context.profile, c)}`).join(',\n'),
    `) ENGINE=${statement.engine} `,
    ...(statement.comment === '' ? [] : [`COMMENT "${statement.comment}"`]),
    'PROPERTIES (',
    properties.join(',\n'),
    ');',
  ].join('\n')
  database.objects.set(statement.target.name, {
    kind: 'external-table',
    id: context.state.nextId(),
    name: statement.target.name,
    engine: statement.engine,
    text,
    columns,
    createdMs: context.state.now(),
  })
  return done()
}
