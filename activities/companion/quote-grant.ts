import { quoteName } from '../../starrocks/index.ts'

const GRANT = /^(GRANT .+? ON )(.+)( TO (?:USER|ROLE) .+)$/s

/**
 * SHOW GRANTS prints names bare: with quotes the statement can be run whatever they are. Names that hold dots or commas cannot be told apart and stay
 * wrong, as printed.
 */
export function quoteGrant(text: string): string {
  const match = GRANT.exec(text.trim())
  if (!match) return text
  const [, start = '', on = '', end = ''] = match
  const quoted = quoteObjects(on)
  return quoted === undefined ? text : `${start}${quoted}${end}`
}

function quoteObjects(on: string): string | undefined {
  const inDatabase = /^(ALL [A-Z ]+? IN DATABASE )(.+)$/s.exec(on)
  if (inDatabase) return `${inDatabase[1]}${each(inDatabase[2], quoteName)}`
  // Printed as `FUNCTION f(INT) in DATABASE d`, which is no statement.
  const functionIn = /^FUNCTION (.+?)(\(.*\)) in DATABASE (.+)$/is.exec(on)
  if (functionIn) {
    return `FUNCTION ${quoteName(functionIn[3] ?? '')}.${quoteName(functionIn[1] ?? '')}${functionIn[2]}`
  }
  const global = /^GLOBAL FUNCTION (.+?)(\(.*\))$/s.exec(on)
  if (global) return `GLOBAL FUNCTION ${quoteName(global[1] ?? '')}${global[2]}`
  const one = /^(TABLE|VIEW|MATERIALIZED VIEW) (.+)$/s.exec(on)
  if (one) return `${one[1]} ${each(one[2], qualified)}`
  const plain = /^(DATABASE|CATALOG|RESOURCE GROUP|RESOURCE|STORAGE VOLUME) (.+)$/s.exec(on)
  return plain ? `${plain[1]} ${each(plain[2], quoteName)}` : undefined
}

const each = (names = '', quote: (name: string) => string) => names.split(/,\s*/).map(quote).join(', ')

function qualified(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? quoteName(name) : `${quoteName(name.slice(0, dot))}.${quoteName(name.slice(dot + 1))}`
}
