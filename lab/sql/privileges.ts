import type { LabSession } from './context.ts'
import { LabSqlError } from './errors.ts'

/** The error that names what is missing. `on`: `SYSTEM`, `TABLE t`, `DATABASE d`, `CATALOG default_catalog`. */
export const denied = (privilege: string, on: string): LabSqlError =>
  new LabSqlError(
    5203,
    '42000',
    `Access denied; you need (at least one of) the ${privilege} privilege(s) on ${on} for this operation. Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.`,
    'show',
  )

export const holds = (session: LabSession, privilege: string): boolean => {
  if (session.refuses?.(privilege)) return false
  const { privileges } = session.user
  if (privileges.has('ALL') || privileges.has(privilege)) return true
  // `ANY` is satisfied by whatever privilege there is on tables.
  return privilege === 'ANY' && ['SELECT', 'INSERT', 'ALTER', 'DROP', 'DELETE', 'UPDATE'].some((p) => privileges.has(p))
}

/** Refuses a statement for which the user holds none of the privileges. */
export const demand = (session: LabSession, privileges: string[], on: string): void => {
  if (privileges.some((privilege) => holds(session, privilege))) return
  throw denied(privileges.join(' OR '), on)
}
