import { InputError, nearest } from '../../contract/check.ts'
import { parseProperties } from './java-properties.ts'
import { type Draft, KEY_TABLE, type Verdict } from './key-table.ts'
import { mysqlAesDecrypt } from './mysql-aes.ts'
import { PropertyError } from './values.ts'

/** What became of one key. */
export interface ImportedKey {
  file: string
  key: string
  verdict: Verdict
  note: string
}

const FILE = 'sync.properties'

/** Reads the text of a sync.properties. Errors: InputError for unknown keys, values that cannot be, a password that its key does not decrypt. */
export function readSync(text: string, name: string): { draft: Draft; keys: ImportedKey[] } {
  const draft: Draft = {
    source: { frontends: [] },
    target: { frontends: [] },
    spec: { name, source: 'source', target: 'target' },
  }
  const keys: ImportedKey[] = []
  const problems: string[] = []
  const properties = parse(text)
  for (const { key, value, line } of properties.values()) {
    const rule = KEY_TABLE[key]
    if (!rule) {
      const near = nearest(key, Object.keys(KEY_TABLE))
      problems.push(`line ${line}: unknown key '${key}'${near ? `; the nearest valid one is '${near}'` : ''}`)
      continue
    }
    try {
      // A password may end in a blank; nothing else means anything by it.
      const taken = rule.take(key.endsWith('_password') ? value : value.trim(), draft)
      keys.push({ file: FILE, key, ...(typeof taken === 'string' ? { verdict: 'kept', note: taken } : taken) })
    } catch (error) {
      if (!(error instanceof PropertyError)) throw error
      problems.push(`line ${line}: ${key} ${error.message}`)
    }
  }
  for (const [key, rule] of Object.entries(KEY_TABLE)) {
    if (rule.absent && !properties.has(key)) {
      keys.push({ file: FILE, key, verdict: 'changed in meaning', note: `not in the file: ${rule.absent}` })
    }
  }
  for (const side of ['source', 'target'] as const) {
    if (!properties.has(`${side}_fe_host`)) problems.push(`${side}_fe_host is missing`)
    decryptPassword(draft, side, problems)
  }
  if (problems.length > 0) throw new InputError(FILE, problems)
  return { draft, keys }
}

function decryptPassword(draft: Draft, side: 'source' | 'target', problems: string[]): void {
  const { password, secretKey } = draft[side]
  if (!secretKey || !password) return
  const plain = mysqlAesDecrypt(password, secretKey)
  if (plain === undefined) {
    problems.push(
      `${side}_cluster_password cannot be decrypted with ${side}_cluster_password_secret_key; make it with SELECT TO_BASE64(AES_ENCRYPT('<password>','<key>'))`,
    )
  } else draft[side].password = plain
}

function parse(text: string): ReturnType<typeof parseProperties> {
  try {
    return parseProperties(text)
  } catch (error) {
    throw new InputError(FILE, [(error as Error).message])
  }
}
