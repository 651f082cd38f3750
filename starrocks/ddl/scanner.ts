import { unquoteString } from './quote.ts'

/** The text of a SHOW CREATE answer is not what the reader knows; `near` shows where it stopped. */
export class DdlReadError extends Error {
  readonly position: number
  readonly near: string

  constructor(message: string, text: string, position: number) {
    const near = text.slice(position, position + 60)
    super(`${message} at character ${position}, near ${JSON.stringify(near)}`)
    this.name = 'DdlReadError'
    this.position = position
    this.near = near
  }
}

/** Walks over the text of a SHOW CREATE answer. Positions are UTF-16 units. */
export class Scanner {
  readonly text: string
  position: number

  constructor(text: string, position = 0) {
    this.text = text
    this.position = position
  }

  fail(message: string): never {
    throw new DdlReadError(message, this.text, this.position)
  }

  atEnd(): boolean {
    this.skipSpace()
    return this.position >= this.text.length
  }

  skipSpace(): void {
    while (/\s/.test(this.text.charAt(this.position))) this.position++
  }

  /** Whether `literal` (punctuation, case-sensitive) comes next, white space skipped. */
  sees(literal: string): boolean {
    this.skipSpace()
    return this.text.startsWith(literal, this.position)
  }

  take(literal: string): boolean {
    if (!this.sees(literal)) return false
    this.position += literal.length
    return true
  }

  expect(literal: string): void {
    if (!this.take(literal)) this.fail(`expected ${literal}`)
  }

  /** Whether the keyword comes next, in any case, ending at a word boundary. */
  seesWord(word: string): boolean {
    this.skipSpace()
    const part = this.text.slice(this.position, this.position + word.length + 1)
    return (
      part.slice(0, word.length).toUpperCase() === word.toUpperCase() && !/[A-Za-z0-9_$]/.test(part.charAt(word.length))
    )
  }

  takeWord(...words: readonly string[]): boolean {
    const start = this.position
    for (const word of words) {
      if (!this.seesWord(word)) {
        this.position = start
        return false
      }
      this.position += word.length
    }
    return true
  }

  expectWord(...words: readonly string[]): void {
    if (!this.takeWord(...words)) this.fail(`expected ${words.join(' ')}`)
  }

  /** A bare word: letters, digits, underscores, and anything beyond ASCII. */
  word(): string {
    this.skipSpace()
    const found = /^[A-Za-z0-9_$\u0080-\uffff]+/.exec(this.text.slice(this.position, this.position + 1100))
    if (!found) this.fail('expected a word')
    this.position += found[0].length
    return found[0]
  }

  /** A name in backticks, or a bare word. */
  name(): string {
    if (!this.sees('`')) return this.word()
    let end = this.position + 1
    for (;;) {
      end = this.text.indexOf('`', end)
      if (end < 0) this.fail('a name in backticks has no end')
      if (this.text.charAt(end + 1) !== '`') break
      end += 2
    }
    const name = this.text.slice(this.position + 1, end).replaceAll('``', '`')
    this.position = end + 1
    return name
  }

  /** `name` or `database.name`: the last part. */
  qualifiedName(): string {
    let name = this.name()
    while (this.take('.')) name = this.name()
    return name
  }

  /** A literal as SQL writes it, quotes and escapes resolved. */
  string(): string {
    this.skipSpace()
    const start = this.position
    const end = this.closingQuote(start)
    if (end < 0) this.fail('a quoted text has no end')
    this.position = end + 1
    return unquoteString(this.text.slice(start, end + 1))
  }

  /** `(name, name, …)` */
  names(): string[] {
    this.expect('(')
    const names: string[] = []
    if (this.take(')')) return names
    do names.push(this.name())
    while (this.take(','))
    this.expect(')')
    return names
  }

  /** Where the quoted text that begins at `from` ends (the position of its closing quote), or -1. Knows \x and doubled quotes. */
  closingQuote(from: number): number {
    const quote = this.text.charAt(from)
    for (let at = from + 1; at < this.text.length; at++) {
      const character = this.text.charAt(at)
      if (character === '\\' && quote !== '`') at++
      else if (character === quote) {
        if (this.text.charAt(at + 1) !== quote) return at
        at++
      }
    }
    return -1
  }

  /** The text inside the bracket that comes next, up to the one that closes it; quoted parts are skipped. */
  balanced(): string {
    this.skipSpace()
    const start = this.position
    const end = closingBracket(this, start)
    this.position = end + 1
    return this.text.slice(start + 1, end)
  }

  /** Everything up to (without) the first place outside quotes and brackets where `stop` matches, or the end of the text. */
  until(stop: RegExp): string {
    const start = this.position
    const sticky = new RegExp(stop.source, `${stop.flags.replace('y', '')}y`)
    while (this.position < this.text.length) {
      sticky.lastIndex = this.position
      if (sticky.test(this.text)) break
      const character = this.text.charAt(this.position)
      if (character === "'" || character === '"' || character === '`') {
        const end = this.closingQuote(this.position)
        if (end < 0) this.fail('a quoted text has no end')
        this.position = end + 1
      } else if (character === '(' || character === '[') this.position = closingBracket(this, this.position) + 1
      else this.position++
    }
    return this.text.slice(start, this.position)
  }
}

const brackets: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

function closingBracket(scanner: Scanner, start: number): number {
  const { text } = scanner
  const open = text.charAt(start)
  const close = brackets[open]
  if (close === undefined) scanner.fail('expected a bracket')
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === "'" || character === '"' || character === '`') {
      at = scanner.closingQuote(at)
      if (at < 0) break
    } else if (character === open) depth++
    else if (character === close && --depth === 0) return at
  }
  scanner.fail(`a ${open} is never closed`)
}
