import { createHash } from 'node:crypto'
import type { LabValue } from '../model.ts'
import type { LabSession, LabSqlContext } from './context.ts'

/** Functions that tell about the connection, and hashes for comparing rows. Undefined for any other name. */
export const sessionFunction = (
  context: LabSqlContext,
  session: LabSession,
  name: string,
  args: LabValue[],
): LabValue | undefined => {
  switch (name) {
    case 'current_version':
      return context.profile.versionText
    case 'version':
      return context.profile.mysqlVersion
    case 'catalog':
      return session.catalog ?? 'default_catalog'
    case 'database':
    case 'schema':
      return session.database ?? ''
    case 'current_user':
      return `'${session.user.name}'@'%'`
    case 'user':
    case 'session_user':
      return `'${session.user.name}'@'${session.host.split(':')[0] ?? ''}'`
    case 'current_role':
      return session.user.privileges.has('ALL') ? 'root' : session.user.roles?.join(', ') || 'NONE'
    case 'connection_id':
      return String(session.id)
    case 'unix_timestamp':
      return args.length === 0 ? String(Math.floor(context.state.now() / 1000)) : undefined
    case 'current_date':
    case 'curdate':
      return new Date(context.state.now()).toISOString().slice(0, 10)
    case 'murmur_hash3_32':
    case 'crc32':
      return args.some((a) => a === null) ? null : String(hash32(args.map(String).join('')))
    case 'xx_hash3_64':
      return args.some((a) => a === null) ? null : hash64(args.map(String).join(''))
    case 'md5':
      return args[0] === null ? null : createHash('md5').update(String(args[0])).digest('hex')
    case 'concat_ws': {
      const [separator, ...rest] = args
      return separator === null
        ? null
        : rest
            .filter((a) => a !== null)
            .map(String)
            .join(String(separator))
    }
    case 'hex':
      return args[0] === null ? null : Buffer.from(String(args[0])).toString('hex').toUpperCase()
    default:
      return undefined
  }
}

const hash32 = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash | 0
}

const hash64 = (text: string): string => createHash('sha1').update(text).digest().readBigInt64BE(0).toString()
