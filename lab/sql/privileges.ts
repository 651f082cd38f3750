import type { LabSession } from './context.ts'
import { LabSqlError } from './errors.ts'
import type { LabPrivilegeTarget } from './has-privilege.ts'

/** The error that names what is missing. `on`: `SYSTEM`, `TABLE t`, `DATABASE d`, `CATALOG default_catalog`. */
export const denied = (privilege: string, on: string): LabSqlError =>
  new LabSqlError(
    5203,
    '42000',
    `Access denied; you need (at least one of) the ${privilege} privilege(s) on ${on} for this operation. Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.`,
    'show',
  )

/** Whether the session's user holds a privilege: on the target, or without one on anything at all. `ANY` is whatever privilege there is. */
export const holds = (session: LabSession, privilege: string, target?: LabPrivilegeTarget): boolean =>
  !session.refuses?.(privilege) && session.has(privilege, target)

/** Refuses a statement for which the user holds none of the privileges. `on` is how the error names the target. */
export const demand = (session: LabSession, privileges: string[], on: string, target?: LabPrivilegeTarget): void => {
  if (privileges.some((privilege) => holds(session, privilege, target))) return
  throw denied(privileges.join(' OR '), on)
}
