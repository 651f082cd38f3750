import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { parseComment } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { roleName } from './run-user.ts'

/** CREATE ROLE a, b [COMMENT '…']; both words read. */
export const createRole = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state } = context
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const names = cursor.separated(() => roleName(cursor))
  const comment = cursor.at('COMMENT') ? parseComment(cursor) : null
  cursor.end()
  demand(session, ['GRANT'], 'SYSTEM')
  for (const name of names) {
    if (!/^[a-zA-Z][\w-]*$/.test(name)) throw analysisFailure(`Incorrect role name '${name}'`)
    if (!state.roles.has(name)) continue
    if (ifNotExists) return done()
    throw analysisFailure(`Operation CREATE ROLE failed for ${name} : role already exists`)
  }
  for (const name of names)
    state.roles.set(name, { id: state.nextId(), name, builtin: false, comment, grants: [], roles: [] })
  return done()
}

/** DROP ROLE a, b; both words read. */
export const dropRole = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { state } = context
  const ifExists = cursor.accept('IF', 'EXISTS')
  const names = cursor.separated(() => roleName(cursor))
  cursor.end()
  demand(session, ['GRANT'], 'SYSTEM')
  for (const name of names) {
    const role = state.roles.get(name)
    if (role?.builtin) throw analysisFailure(`role ${name} is immutable`)
    if (!role && !ifExists) throw analysisFailure(`Operation DROP ROLE failed for ${name} : role not exists`)
  }
  for (const name of names) {
    state.roles.delete(name)
    for (const holder of [...state.users.values(), ...state.roles.values()])
      holder.roles = (holder.roles ?? []).filter((role) => role !== name)
  }
  return done()
}
