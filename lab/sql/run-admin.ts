import { done, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure } from './errors.ts'
import { likePattern } from './like.ts'
import { parsePropertyList } from './parse-clauses.ts'
import { demand } from './privileges.ts'

const configColumns = ['Key', 'AliasNames', 'Value', 'Type', 'IsMutable', 'Comment']

/** ADMIN SHOW FRONTEND CONFIG [LIKE …] and ADMIN SET FRONTEND CONFIG (…). */
export const runAdmin = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  cursor.expect('ADMIN')
  if (cursor.accept('SHOW', 'FRONTEND', 'CONFIG')) {
    const pattern = cursor.accept('LIKE') ? cursor.string() : undefined
    cursor.end()
    demand(session, ['OPERATE'], 'SYSTEM')
    const like = likePattern(pattern ?? '%')
    const rows = [...context.state.config]
      .filter(([key]) => like.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, c]) => [key, c.aliases, c.value, c.type, String(c.mutable), c.comment])
    return table(configColumns, rows)
  }
  if (cursor.at('SET', 'FRONTEND', 'CONFIG')) {
    cursor.index += 3
    cursor.expect('(')
    cursor.index--
    const [pair] = parseSinglePair(cursor)
    if (context.profile.atLeast('3.5')) cursor.accept('WITH', 'PERSISTENT')
    cursor.end()
    demand(session, ['OPERATE'], 'SYSTEM')
    const [key, value] = pair
    const setting = context.state.config.get(key)
    if (!setting?.mutable) throw failure(`Config '${key}' does not exist or is not mutable`)
    setting.value = checkedValue(key, setting.type, value)
    return done()
  }
  if (cursor.at('SET', 'REPLICA') || cursor.at('CHECK') || cursor.at('REPAIR') || cursor.at('CANCEL')) {
    cursor.index = cursor.tokens.length - 1
    demand(session, ['OPERATE'], 'SYSTEM')
    return done()
  }
  throw cursor.noViable()
}

/** The grammar takes one pair only; a comma is a syntax error. */
const parseSinglePair = (cursor: Cursor): [[string, string]] => {
  const start = cursor.index
  cursor.expect('(')
  cursor.next()
  cursor.expect('=')
  cursor.next()
  if (!cursor.at(')')) throw cursor.unexpected("')'")
  cursor.index = start
  const [pair] = parsePropertyList(cursor)
  return [pair as [string, string]]
}

const checkedValue = (key: string, type: string, value: string): string => {
  if (/^(int|short|long)$/.test(type) && !/^-?\d+$/.test(value.trim())) {
    throw failure(`Failed to set config '${key}'. err: For input string: "${value}"`)
  }
  // Java takes whatever is not `true` for false.
  return type === 'boolean' ? String(value.toLowerCase() === 'true') : value
}
