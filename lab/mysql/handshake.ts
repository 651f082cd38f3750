import { createHash, timingSafeEqual } from 'node:crypto'
import { PayloadWriter } from './packet.ts'

export const capability = {
  longPassword: 0x1,
  connectWithDb: 0x8,
  protocol41: 0x200,
  ssl: 0x800,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiStatements: 0x10000,
  multiResults: 0x20000,
  pluginAuth: 0x80000,
  connectAttrs: 0x100000,
  pluginAuthLengthEncoded: 0x200000,
} as const

const serverCapabilities =
  capability.longPassword |
  capability.connectWithDb |
  capability.protocol41 |
  capability.transactions |
  capability.secureConnection |
  capability.multiStatements |
  capability.multiResults |
  capability.pluginAuth |
  capability.connectAttrs |
  capability.pluginAuthLengthEncoded

const plugin = 'mysql_native_password'

/** The server's greeting. `scramble` is 20 bytes without zeros. */
export const greeting = (version: string, connectionId: number, scramble: Buffer): Buffer =>
  new PayloadWriter()
    .byte(10)
    .bytes(`${version}\0`)
    .int(connectionId, 4)
    .bytes(scramble.subarray(0, 8))
    .byte(0)
    .int(serverCapabilities & 0xffff, 2)
    .byte(33)
    .int(2, 2)
    .int(serverCapabilities >>> 16, 2)
    .byte(21)
    .zeros(10)
    .bytes(scramble.subarray(8, 20))
    .byte(0)
    .bytes(`${plugin}\0`)
    .end()

/** Asks a client that answered for another plugin to answer for this one. */
export const switchAuthentication = (scramble: Buffer): Buffer =>
  new PayloadWriter().byte(0xfe).bytes(`${plugin}\0`).bytes(scramble).byte(0).end()

export interface LoginRequest {
  user: string
  answer: Buffer
  database?: string
  plugin?: string
}

/** Reads the client's reply to the greeting. */
export const readLogin = (payload: Buffer): LoginRequest => {
  const capabilities = payload.readUInt32LE(0)
  let at = 32
  const untilZero = (): string => {
    const end = payload.indexOf(0, at)
    const text = payload.toString('utf8', at, end < 0 ? payload.length : end)
    at = (end < 0 ? payload.length : end) + 1
    return text
  }
  const user = untilZero()
  const length = payload[at] ?? 0
  const answer = payload.subarray(at + 1, at + 1 + length)
  at += 1 + length
  const database = (capabilities & capability.connectWithDb) !== 0 && at < payload.length ? untilZero() : undefined
  const named = (capabilities & capability.pluginAuth) !== 0 && at < payload.length ? untilZero() : undefined
  return { user, answer, ...(database ? { database } : {}), ...(named ? { plugin: named } : {}) }
}

const sha1 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Checks mysql_native_password: SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))). An empty password has an empty answer. */
export const passwordMatches = (password: string, scramble: Buffer, answer: Buffer): boolean => {
  if (password === '') return answer.length === 0
  if (answer.length !== 20) return false
  const once = sha1(password)
  const mask = sha1(scramble, sha1(once))
  const expected = Buffer.from(once.map((byte, i) => byte ^ (mask[i] ?? 0)))
  return timingSafeEqual(expected, answer)
}
