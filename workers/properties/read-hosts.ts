import { InputError } from '../../contract/check.ts'
import { addressMapOf } from '../../starrocks/address-map.ts'
import { parseProperties } from './java-properties.ts'
import type { ImportedKey } from './read-sync.ts'

const FILE = 'hosts.properties'

export interface Hosts {
  source: Record<string, string>
  target: Record<string, string>
  keys: ImportedKey[]
}

/** Reads the text of a hosts.properties: `SOURCE_<host>=<address>[;<port>:<port>,…]`, and TARGET likewise. Errors: InputError. */
export function readHosts(text: string): Hosts {
  const hosts: Hosts = { source: {}, target: {}, keys: [] }
  const problems: string[] = []
  for (const { key, value, line } of parse(text)) {
    const match = /^(SOURCE|TARGET)_(.+)$/.exec(key)
    const host = match?.[2]
    if (!host) {
      problems.push(`line ${line}: unknown key '${key}'; write SOURCE_<host> or TARGET_<host>`)
      continue
    }
    try {
      addressMapOf({ [host]: value.trim() })
    } catch {
      problems.push(`line ${line}: ${key} is '${value}': write <host>, or <host>;<port>:<port>,…`)
      continue
    }
    const side = match[1] === 'SOURCE' ? 'source' : 'target'
    hosts[side][host] = value.trim()
    hosts.keys.push({ file: FILE, key, verdict: 'kept', note: `clusters.${side}.addressMap` })
  }
  if (problems.length > 0) throw new InputError(FILE, problems)
  return hosts
}

function parse(text: string) {
  try {
    return [...parseProperties(text).values()]
  } catch (error) {
    throw new InputError(FILE, [(error as Error).message])
  }
}
