import type { LabSession, LabSqlContext } from './context.ts'
import { failure, type LabSqlError } from './errors.ts'
import { variableValue } from './variables.ts'

/** Seconds that a statement may take: a hint in its first SELECT, else the session's variable. INSERTs have one of their own from 3.4 on. */
export const timeoutOf = (
  context: LabSqlContext,
  session: LabSession,
  sql: string,
): { name: string; seconds: number } => {
  const inserts = /^\s*INSERT\b/i.test(sql) && context.profile.atLeast('3.5')
  const name = inserts ? 'insert_timeout' : 'query_timeout'
  const hint = /^\s*SELECT\s*\/\*\+\s*SET_VAR\s*\(([^)]*)\)/i.exec(sql)?.[1]
  const hinted = hint === undefined ? undefined : new RegExp(`\\b${name}\\s*=\\s*'?(\\d+)`, 'i').exec(hint)?.[1]
  return { name, seconds: Number(hinted ?? variableValue(context, session, '', name) ?? '300') }
}

/** What a statement ends with that takes longer than its session allows. */
export const timeoutError = (sql: string, { name, seconds }: { name: string; seconds: number }): LabSqlError => {
  const what = /^\s*INSERT\b/i.test(sql) && name === 'insert_timeout' ? 'Insert' : 'Query'
  return failure(
    `${what} reached its timeout of ${seconds} seconds, please increase the '${name}' session variable and retry`,
  )
}
