export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'end'

export interface Token {
  kind: TokenKind
  /** As typed. */
  text: string
  /** Unquoted and unescaped, for strings and quoted names; else the text. */
  value: string
  /** Upper case, for words and symbols. */
  upper: string
  start: number
  end: number
}

const wordPattern = /[A-Za-z0-9_$\u0080-\uffff]/
const symbols = ['<=>', '!=', '<>', '<=', '>=', '&&', '||', '->', ':=', '@@']
const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', '0': '\0', Z: '\u001a' }

/** The text of a string literal, quotes taken off. `\%` and `\_` keep their backslash, as LIKE needs it. */
const unescapeText = (body: string, quote: string): string => {
  let out = ''
  for (let i = 0; i < body.length; i++) {
    const c = body.charAt(i)
    if (c === '\\' && i + 1 < body.length) {
      const next = body.charAt(++i)
      out += next === '%' || next === '_' ? `\\${next}` : (escapes[next] ?? next)
    } else if (c === quote && body.charAt(i + 1) === quote) {
      out += quote
      i++
    } else {
      out += c
    }
  }
  return out
}

/** Line and column (both as StarRocks counts: line from 1, column from 0) of an offset. */
export const placeOf = (sql: string, offset: number): { line: number; column: number } => {
  const before = sql.slice(0, offset).split('\n')
  return { line: before.length, column: before.at(-1)?.length ?? 0 }
}

const skipBlank = (sql: string, from: number): number => {
  let i = from
  for (;;) {
    if (/\s/.test(sql.charAt(i))) i++
    else if (sql.startsWith('/*', i)) {
      const end = sql.indexOf('*/', i + 2)
      i = end < 0 ? sql.length : end + 2
    } else if (sql.startsWith('--', i) || sql.charAt(i) === '#') {
      const end = sql.indexOf('\n', i)
      i = end < 0 ? sql.length : end
    } else return i
    if (i >= sql.length) return i
  }
}

/**
 * Cuts a statement into tokens; the last one is always of kind `end`.
 */
export const tokenize = (sql: string): Token[] => {
  const tokens: Token[] = []
  let i = skipBlank(sql, 0)
  const push = (kind: TokenKind, end: number, value?: string): void => {
    const text = sql.slice(i, end)
    tokens.push({ kind, text, value: value ?? text, upper: kind === 'string' ? '' : text.toUpperCase(), start: i, end })
    i = skipBlank(sql, end)
  }
  while (i < sql.length) {
    const c = sql.charAt(i)
    if (c === "'" || c === '"' || c === '`') {
      let j = i + 1
      for (; j < sql.length; j++) {
        if (sql.charAt(j) === '\\' && c !== '`') j++
        else if (sql.charAt(j) === c) {
          if (sql.charAt(j + 1) !== c) break
          j++
        }
      }
      if (j >= sql.length) {
        // Never closed: the parser refuses it where it stands, unless it stumbles before.
        push('symbol', sql.length)
        continue
      }
      const body = sql.slice(i + 1, j)
      // A doubled backtick is not unescaped but dropped: `a``b` is the name ab.
      if (c === '`') push('quoted', j + 1, body.replaceAll('`', ''))
      else push('string', j + 1, unescapeText(body, c))
      continue
    }
    if (/[0-9]/.test(c) || (c === '.' && /[0-9]/.test(sql.charAt(i + 1)))) {
      const number = /^(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/.exec(sql.slice(i, i + 400))?.[0] ?? c
      const after = sql.charAt(i + number.length)
      if (!wordPattern.test(after) || after === '') {
        push('number', i + number.length)
        continue
      }
    }
    if (wordPattern.test(c)) {
      let j = i + 1
      while (j < sql.length && wordPattern.test(sql.charAt(j))) j++
      push('word', j)
      continue
    }
    const symbol = symbols.find((s) => sql.startsWith(s, i)) ?? c
    push('symbol', i + symbol.length)
  }
  tokens.push({ kind: 'end', text: '<EOF>', value: '', upper: '<EOF>', start: sql.length, end: sql.length })
  return tokens
}
