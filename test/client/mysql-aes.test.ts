import { expect, it } from 'vitest'
import { mysqlAesDecrypt, mysqlAesEncrypt } from '../../workers/properties/mysql-aes.ts'

// Made with openssl enc -aes-128-ecb and the key folded by XOR into 16 bytes.
const VECTORS = [
  ['secret', 'key', 'vU0K9dxgUsvY7RDh0kUIRQ=='],
  ['Grüße, 世界', 'a rather long key, of more than sixteen bytes', '4ux94wd64M3Qx1dgnPQ7gg=='],
  ['0123456789abcdef', '0123456789abcdef', 'cnJ+iB7c/QEApxhoeQm1ZTdyIuBhqSTFkc2cJ+oWPtQ='],
] as const

it.each(VECTORS)('%s with %s', (plain, key, encrypted) => {
  expect(mysqlAesDecrypt(encrypted, key)).toBe(plain)
  expect(mysqlAesEncrypt(plain, key)).toBe(encrypted)
})

it('takes base64 that MySQL broke into lines', () => {
  const long = 'x'.repeat(100)
  const broken = mysqlAesEncrypt(long, 'k').replace(/(.{76})/g, '$1\n')
  expect(mysqlAesDecrypt(broken, 'k')).toBe(long)
})

it.each([
  ['another key', 'vU0K9dxgUsvY7RDh0kUIRQ==', 'kez'],
  ['half a block', 'vU0K9dxgUsvY', 'key'],
  ['no base64', 'plain text!', 'key'],
  ['nothing', '', 'key'],
])('refuses %s', (_, text, key) => {
  expect(mysqlAesDecrypt(text, key)).toBeUndefined()
})
