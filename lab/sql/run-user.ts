import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure } from './errors.ts'
import { demand } from './privileges.ts'

const userName = (cursor: Cursor): string => {
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  if (cursor.accept('@')) cursor.next()
  return name
}

/** CREATE USER, DROP USER, ALTER USER, GRANT and REVOKE, as far as tests of privileges need them. */
export const runUser = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { users } = context.state
  const verb =
    cursor.at('GRANT') || cursor.at('REVOKE') ? cursor.next().upper : (cursor.tokens[cursor.index - 1]?.upper ?? '')
  demand(session, ['GRANT'], 'SYSTEM')
  if (verb === 'GRANT' || verb === 'REVOKE') return grant(context, cursor, verb)
  if (!cursor.accept('USER')) {
    cursor.index = cursor.tokens.length - 1
    return done()
  }
  if (verb === 'DROP') {
    const ifExists = cursor.accept('IF', 'EXISTS')
    const name = userName(cursor)
    cursor.end()
    if (!users.delete(name) && !ifExists)
      throw failure(`Operation DROP USER failed for '${name}'@'%' : user not exists`)
    return done()
  }
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const name = userName(cursor)
  let password = ''
  if (cursor.accept('IDENTIFIED')) {
    if (cursor.accept('WITH')) cursor.next()
    if (cursor.accept('BY') && cursor.accept('PASSWORD')) throw analysisFailure('The lab takes plain passwords only')
    password = cursor.token.kind === 'string' ? cursor.string() : ''
  }
  cursor.index = cursor.tokens.length - 1
  const existing = users.get(name)
  if (verb === 'ALTER' && existing) existing.password = password
  else if (!existing) users.set(name, { name, password, privileges: new Set() })
  else if (!ifNotExists) throw failure(`Operation CREATE USER failed for '${name}'@'%' : user already exists`)
  return done()
}

/** `GRANT p1, p2 ON … TO [USER] u`; privileges count for every object. */
const grant = (context: LabSqlContext, cursor: Cursor, verb: string): LabResult => {
  const privileges: string[] = []
  let words: string[] = []
  while (!cursor.at('ON') && !cursor.at('TO') && !cursor.at('FROM') && cursor.token.kind !== 'end') {
    if (cursor.accept(',')) {
      privileges.push(words.join(' '))
      words = []
    } else words.push(cursor.next().value.replace(/^[a-z_]+$/, (w) => w.toUpperCase()))
  }
  privileges.push(words.join(' '))
  while (!cursor.at('TO') && !cursor.at('FROM') && cursor.token.kind !== 'end') cursor.next()
  cursor.next()
  cursor.accept('USER')
  const name = userName(cursor)
  cursor.index = cursor.tokens.length - 1
  const user = context.state.users.get(name)
  if (!user) throw analysisFailure(`user '${name}'@'%' not exist!`)
  for (const privilege of privileges) {
    const known = /^(ALL|ALL PRIVILEGES|ROOT|'?ROOT'?)$/.test(privilege) ? 'ALL' : privilege
    if (verb === 'GRANT') user.privileges.add(known)
    else user.privileges.delete(known)
  }
  return done()
}
