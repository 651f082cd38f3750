import type { LabVersion } from '../model.ts'
import { type LabSqlError, syntaxFailure } from './errors.ts'
import { placeOf, type Token, tokenize } from './lexer.ts'
import { reservedWords } from './reserved-words.ts'

/** Walks over a statement's tokens; every refusal is StarRocks' syntax error at the token where it happened. */
export class Cursor {
  readonly sql: string
  readonly tokens: Token[]
  index = 0
  readonly #old: boolean

  constructor(sql: string, version: LabVersion = '4.1') {
    this.sql = sql
    this.#old = version === '3.1'
    this.tokens = tokenize(sql)
  }

  get token(): Token {
    return this.peek(0)
  }

  peek(ahead: number): Token {
    return this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)] as Token
  }

  next(): Token {
    const token = this.token
    if (token.kind !== 'end') this.index++
    return token
  }

  /** Whether the next tokens are these words or symbols. Quoted names are never keywords. */
  at(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.peek(i)
      return (token.kind === 'word' || token.kind === 'symbol') && token.upper === word
    })
  }

  accept(...words: string[]): boolean {
    if (!this.at(...words)) return false
    this.index += words.length
    return true
  }

  expect(...words: string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.unexpected(`'${word}'`)
  }

  /** An identifier: a word that is not reserved, or anything in backticks. */
  identifier(): string {
    const token = this.token
    if (token.kind === 'quoted') return this.next().value
    if (this.atIdentifier() && !/^\d+$/.test(token.text)) return this.next().value
    throw this.unexpected('a legal identifier')
  }

  atIdentifier(): boolean {
    const token = this.token
    if (token.kind === 'quoted') return true
    // 3.1 has no GIN indexes, so that their word is a name there.
    return token.kind === 'word' && (!reservedWords.has(token.upper) || (this.#old && token.upper === 'GIN'))
  }

  /** Whether the token at an index may be a name. */
  identifierAt(index: number): boolean {
    const here = this.index
    this.index = index
    const answer = this.atIdentifier()
    this.index = here
    return answer
  }

  string(): string {
    if (this.token.kind !== 'string') throw this.unexpected('SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT')
    return this.next().value
  }

  integer(): number {
    if (this.token.kind !== 'number' || !/^\d+$/.test(this.token.text)) throw this.unexpected('INTEGER_VALUE')
    return Number(this.next().text)
  }

  /** Comma-separated items between parentheses. */
  parenthesized<T>(item: () => T): T[] {
    this.expect('(')
    const items = this.separated(item)
    if (!this.accept(')')) throw this.unexpected("','", "')'")
    return items
  }

  separated<T>(item: () => T): T[] {
    const items = [item()]
    while (this.accept(',')) items.push(item())
    return items
  }

  /** The typed text from a token's start up to the present place, white space at the end cut. */
  textSince(start: number): string {
    const last = this.tokens[this.index - 1]
    return this.sql.slice(start, last ? last.end : start)
  }

  /** `from line 1, column 5 to line 1, column 20`: from a token's start to the start of the last token read. */
  placeSince(start: number): string {
    const from = placeOf(this.sql, start)
    const to = placeOf(this.sql, this.tokens[this.index - 1]?.start ?? start)
    return `from line ${from.line}, column ${from.column} to line ${to.line}, column ${to.column}`
  }

  end(): void {
    this.accept(';')
    if (this.token.kind !== 'end') throw this.unexpected('<EOF>', ';')
  }

  /** `similar`: what StarRocks names as the most similar inputs. */
  unexpected(...similar: string[]): LabSqlError {
    const { line, column } = placeOf(this.sql, this.token.start)
    const hint = similar.length > 0 ? `, the most similar input is {${similar.map(quoteHint).join(', ')}}` : ''
    return syntaxFailure(
      `Getting syntax error at line ${line}, column ${column}. Detail message: Unexpected input '${this.token.text}'${hint}.`,
    )
  }

  /** No statement begins like this; StarRocks shows everything up to and with the offending token. */
  noViable(from = 0): LabSqlError {
    const { line, column } = placeOf(this.sql, this.token.start)
    const text = this.sql.slice(from, this.token.end)
    return syntaxFailure(
      `Getting syntax error at line ${line}, column ${column}. Detail message: No viable statement for input '${text}'.`,
    )
  }
}

/** Named tokens stand without quotes, literal ones within. */
const quoteHint = (hint: string): string =>
  hint.startsWith("'") || /^(a legal identifier|<EOF>|[A-Z]+_QUOTED_TEXT|[A-Z]+_VALUE)$/.test(hint) ? hint : `'${hint}'`
