import { quoteName, unquoteString } from './quote.ts'
import { reservedWords } from './reserved-words.ts'

/** A token of SQL text. `text` is exact; tokens in order make up the whole text. */
export interface SqlToken {
  readonly kind: 'space' | 'comment' | 'string' | 'name' | 'quoted' | 'number' | 'symbol'
  readonly text: string
}

const patterns: readonly (readonly [SqlToken['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*|\/\*(?!\+)[\s\S]*?\*\//y],
  // A hint is no comment: it stays a symbol, so that nothing treats it as blank.
  ['symbol', /\/\*\+[\s\S]*?\*\//y],
  ['string', /'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*"/y],
  ['quoted', /`(?:``|[^`])*`/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_$\u0080-\uffff])/y],
  ['name', /[A-Za-z0-9_$@\u0080-\uffff]+/y],
  ['symbol', /<=>|->>?|<=|>=|<>|!=|\|\||&&|:=|[\s\S]/y],
]

/** Cuts SQL text into tokens, as StarRocks' lexer does: names, literals and comments never run into each other. */
export function sqlTokens(text: string): SqlToken[] {
  const tokens: SqlToken[] = []
  let at = 0
  while (at < text.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at
      const found = pattern.exec(text)
      if (!found) continue
      tokens.push({ kind, text: found[0] })
      at += found[0].length
      break
    }
  }
  return tokens
}

/** Whether the token separates others without a meaning of its own. */
export function isBlank(token: SqlToken): boolean {
  return token.kind === 'space' || token.kind === 'comment'
}

/** The name that a token stands for, quoted or not; undefined for other tokens. */
export function nameOf(token: SqlToken | undefined): string | undefined {
  if (token?.kind === 'name') return token.text
  return token?.kind === 'quoted' ? token.text.slice(1, -1).replaceAll('``', '`') : undefined
}

/**
 * Quotes the column names in an expression that are reserved words: 3.1 and 3.5 print them without quotes. A name before a parenthesis
 * is a function, one behind a dot a field; a word of the expression grammar itself stays as it is.
 */
export function quoteColumns(expression: string, columns: readonly string[]): string {
  const reserved = new Map<string, string>()
  for (const column of columns) {
    const word = column.toUpperCase()
    if (reservedWords.has(word) && !grammarWords.has(word)) reserved.set(word, column)
  }
  if (reserved.size === 0) return expression
  const tokens = sqlTokens(expression)
  const neighbour = (at: number, step: number) => {
    let next = at + step
    for (let token = tokens[next]; token && isBlank(token); token = tokens[next]) next += step
    return tokens[next]?.text
  }
  return tokens
    .map((token, at) => {
      const column = token.kind === 'name' ? reserved.get(token.text.toUpperCase()) : undefined
      return column === undefined || neighbour(at, 1) === '(' || neighbour(at, -1) === '.'
        ? token.text
        : quoteName(column)
    })
    .join('')
}

const grammarWords: ReadonlySet<string> = new Set(
  'AND OR NOT IN IS NULL LIKE BETWEEN CASE WHEN THEN ELSE CAST AS TRUE FALSE DIV MOD DISTINCT ARRAY MAP'.split(' '),
)

/**
 * One text for expressions that differ only in blanks, quotes of names, case of names and the way literals are quoted. Case of names is
 * no difference: StarRocks compares column and function names without it.
 */
export function canonicalExpression(expression: string): string {
  return sqlTokens(expression)
    .filter((token) => !isBlank(token))
    .map((token) => {
      if (token.kind === 'string') return `'${JSON.stringify(unquoteString(token.text))}'`
      const name = nameOf(token)
      return name === undefined ? token.text : name.toLowerCase()
    })
    .join(' ')
}
