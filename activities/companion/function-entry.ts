import type { CompanionEntry } from '../../planning/companion/script.ts'
import {
  type FunctionSignature,
  maskSecrets,
  quoteName,
  quoteProperties,
  quoteQualified,
} from '../../starrocks/index.ts'

/** StarRocks prints no statement of a function; this is one from what it does print. `database` left out: a global one. */
export function functionEntry(found: FunctionSignature, database?: string): CompanionEntry {
  const { name, signature, returnType, functionType, properties } = found
  const types = signature.slice(name.length)
  const called = database === undefined ? quoteName(name) : quoteQualified(database, name)
  const kind = /aggregate/i.test(functionType) ? 'AGGREGATE ' : /table/i.test(functionType) ? 'TABLE ' : ''
  const { symbol = '', file = '', type = '' } = properties
  const python = /python/i.test(type)
  const written = { symbol, type: python ? 'Python' : 'StarrocksJar', file }
  const statement = `CREATE ${database === undefined ? 'GLOBAL ' : ''}${kind}FUNCTION ${called}${types} RETURNS ${returnType} PROPERTIES ${quoteProperties(Object.entries(written))}`
  const entry: CompanionEntry = {
    kind: 'function',
    name: database === undefined ? signature : `${database}.${signature}`,
    statements: [statement],
  }
  if (file === 'inline') return { ...entry, byHand: 'its code is inline, and StarRocks does not print it' }
  const masked = maskSecrets(statement)
  if (masked !== statement) return { ...entry, statements: [masked], byHand: 'the address of its file holds a secret' }
  return symbol === '' || file === '' ? { ...entry, byHand: 'StarRocks does not print what it is made from' } : entry
}
