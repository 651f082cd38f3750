import { createCipheriv, createDecipheriv } from 'node:crypto'

/** MySQL's AES key: the bytes of the key text folded by XOR into 16. */
function foldKey(key: string): Buffer {
  const folded = Buffer.alloc(16)
  for (const [i, byte] of Buffer.from(key, 'utf8').entries()) folded[i % 16] = (folded[i % 16] ?? 0) ^ byte
  return folded
}

/** What `TO_BASE64(AES_ENCRYPT(text, key))` made, back in plain: AES-128-ECB. Undefined when text and key do not belong together. */
export function mysqlAesDecrypt(base64: string, key: string): string | undefined {
  const compact = base64.replace(/\s+/g, '')
  if (compact === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined
  try {
    const decipher = createDecipheriv('aes-128-ecb', foldKey(key), null)
    const plain = Buffer.concat([decipher.update(compact, 'base64'), decipher.final()])
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    return undefined
  }
}

/** `TO_BASE64(AES_ENCRYPT(text, key))`, as StarRocks and MySQL compute it. */
export function mysqlAesEncrypt(text: string, key: string): string {
  const cipher = createCipheriv('aes-128-ecb', foldKey(key), null)
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64')
}
