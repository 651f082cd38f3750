import { type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { analysisFailure } from '../sql/errors.ts'
import { demand } from '../sql/privileges.ts'
import { identityText, type UserIdentity, userKey } from '../sql/user-identity.ts'

/** SHOW USERS. */
export const showUsers = (context: LabSqlContext, session: LabSession): LabResult => {
  demand(session, ['GRANT'], 'SYSTEM')
  return table(
    ['User'],
    [...context.state.users.values()].map((user) => [identityText(user)]),
  )
}

/** SHOW ROLES. */
export const showRoles = (context: LabSqlContext, session: LabSession): LabResult => {
  demand(session, ['GRANT'], 'SYSTEM')
  return table(
    ['Name', 'Builtin', 'Comment'],
    [...context.state.roles.values()].map((role) => [role.name, String(role.builtin), role.comment]),
  )
}

/** SHOW [ALL] AUTHENTICATION [FOR user]. `which`: all users, one, or oneself. */
export const showAuthentication = (
  context: LabSqlContext,
  session: LabSession,
  which: 'all' | UserIdentity | undefined,
): LabResult => {
  const { users } = context.state
  if (which !== undefined && (which === 'all' || which.name !== session.user.name)) demand(session, ['GRANT'], 'SYSTEM')
  const chosen = which === 'all' ? [...users.values()] : [which ? users.get(userKey(which)) : session.user]
  const rows = chosen.map((user) => {
    if (!user)
      throw analysisFailure(`cannot find user ${identityText(which === 'all' || !which ? { name: '' } : which)}!`)
    const hasPassword = user.password !== '' || user.passwordHash !== undefined
    const shown = context.profile.atLeast('3.5') ? null : (user.passwordHash ?? null)
    return [identityText(user), hasPassword ? 'Yes' : 'No', 'MYSQL_NATIVE_PASSWORD', shown]
  })
  return table(['UserIdentity', 'Password', 'AuthPlugin', 'UserForAuthPlugin'], rows)
}
