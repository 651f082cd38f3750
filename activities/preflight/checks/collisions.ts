import { findCollisions } from '../../../planning/preflight-collisions.ts'
import type { Check } from '../context.ts'

/** Different source objects that would get one name on the target. */
export const checkCollisions: Check = ({ session }) => {
  const names = [...session.source.entries.values()].map(({ database, name }) => ({ database, table: name }))
  return findCollisions(session.pair.selection, names).map(({ target, sources }) => ({
    code: 'rename-collision',
    level: 'fatal' as const,
    subject: `${target.database}.${target.table}`,
    message: `${sources.map((one) => `${one.database}.${one.table}`).join(' and ')} would both become ${target.database}.${target.table} on the target`,
    remedy: 'Change `rename`, or exclude one of them',
  }))
}
