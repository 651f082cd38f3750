import type { LabState, LabUser } from '../model.ts'
import type { Cursor } from './cursor.ts'

export interface UserIdentity {
  name: string
  host: string
}

/** `u`, `'u'`, `'u'@'host'`. */
export const parseUser = (cursor: Cursor): UserIdentity => {
  const name = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  if (!cursor.accept('@')) return { name, host: '%' }
  const host = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
  return { name, host }
}

/** Key of a user in the state. */
export const userKey = ({ name, host }: UserIdentity): string => (host === '%' ? name : `${name}@${host}`)

export const identityText = ({ name, host }: { name: string; host?: string }): string => `'${name}'@'${host ?? '%'}'`

/** The user that a connection from this machine logs in as; users of everywhere come last. */
export const userOfLogin = (state: LabState, name: string, address: string): LabUser | undefined => {
  const fits = (host: string): boolean =>
    new RegExp(`^${host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%', '.*')}$`).test(address)
  const special = [...state.users.values()].find((u) => u.name === name && u.host !== undefined && fits(u.host))
  return special ?? state.users.get(name)
}
