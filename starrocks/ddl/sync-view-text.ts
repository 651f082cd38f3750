import { isBlank, nameOf, type SqlToken, sqlTokens } from './sql-tokens.ts'

/** What the words of a synchronous materialized view's statement can be, besides SQL's own. */
export interface SyncViewNames {
  readonly view: string
  readonly database: string
  readonly table: string
  /** Of the table, and those of the view's index. */
  readonly columns: readonly string[]
}

/** What may stand next: an operand; what joins operands or closes one; a name for what was selected; the table; the query. */
type Place = 'head' | 'query' | 'operand' | 'operator' | 'alias' | 'table'

const headWords = new Set('CREATE MATERIALIZED VIEW IF NOT EXISTS COMMENT PROPERTIES REFRESH SYNC'.split(' '))
const leadingWords = new Set('NOT CASE WHEN DISTINCT INTERVAL'.split(' '))
const constants = new Set('NULL TRUE FALSE'.split(' '))
const joiningWords = new Set(
  'WHERE GROUP ORDER BY HAVING AND OR NOT IN IS LIKE RLIKE REGEXP BETWEEN DIV MOD WHEN THEN ELSE'.split(' '),
)
const closingWords = new Set('END ASC DESC YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND'.split(' '))

/**
 * The statement of a synchronous materialized view with the blanks that SHOW MATERIALIZED VIEWS took out of it. Frontends print what was
 * typed without its line breaks and tabs, and one blank for several (ShowExecutor.java, `replace("\n", "").replace("\t", "")`), so that words
 * of two lines run into one: `SELECT k2, SUM(v1)FROM ordersGROUP BY k2`. Such a word is cut where the statement's grammar and the names of the
 * table allow one way only. Undefined when two ways are as good, and when a comment to the end of its line is in it: where the line ended is
 * gone, and with it what was a condition and what was not.
 */
export function withBlanks(text: string, names: SyncViewNames): string | undefined {
  const tokens = sqlTokens(text)
  if (tokens.some((token) => token.kind === 'comment' && token.text.startsWith('--'))) return undefined
  const cutter = new WordCutter(names)
  const solid = tokens.filter((token) => !isBlank(token))
  let place: Place = 'head'
  let before: Place = 'head'
  let at = 0
  let restored = ''
  for (const token of tokens) {
    if (isBlank(token)) {
      restored += token.text
      continue
    }
    const next = solid[++at]
    if (token.kind === 'name') {
      const parts = cutter.cut(token.text, place, next)
      if (!parts) return undefined
      restored += parts.words.join(' ')
      before = parts.before
      place = parts.place
    } else {
      restored += token.text
      // What stands behind the dot is what stood before it: db.orders, orders.k1.
      place = token.text === '.' ? before : afterToken(token, place)
    }
  }
  return restored
}

/** Whether two queries say the same, were they typed on one line or on many. */
export function sameButForBlanks(one: string, other: string): boolean {
  const solid = (text: string) =>
    sqlTokens(text)
      .map((token) => (token.kind === 'name' ? token.text.toLowerCase() : (nameOf(token) ?? token.text)))
      .join('')
      .replaceAll(/\s+/g, '')
  return solid(one) === solid(other)
}

function afterToken(token: SqlToken, place: Place): Place {
  if (place === 'head') return 'head'
  if (token.kind !== 'symbol') return 'operator'
  return token.text === ')' ? 'operator' : 'operand'
}

interface Cut {
  readonly words: readonly string[]
  /** Before the last of them, and behind it. */
  readonly before: Place
  readonly place: Place
}

class WordCutter {
  readonly #names: ReadonlySet<string>
  readonly #tables: ReadonlySet<string>

  constructor({ view, database, table, columns }: SyncViewNames) {
    // The index calls what was selected AS total mv_total.
    const aliases = columns.filter((column) => column.startsWith('mv_')).map((column) => column.slice(3))
    this.#tables = new Set([database, table].map((name) => name.toLowerCase()))
    this.#names = new Set([view, database, table, ...columns, ...aliases].map((name) => name.toLowerCase()))
  }

  /** A word as the words that it was. Undefined when nobody can say which. */
  cut(word: string, place: Place, next: SqlToken | undefined): Cut | undefined {
    const whole = this.#whole(word, place, next)
    if (whole) return { words: [word], before: place, place: whole }
    const ways = this.#ways(word, place, next)
    const fewest = Math.min(...ways.map((way) => way.words.length))
    const [best, second] = ways.filter((way) => way.words.length === fewest)
    if (second) return undefined
    // What cannot be explained stays: a unit of time, a type, a name that is new to us.
    return best ?? { words: [word], before: place, place: place === 'head' ? 'head' : 'operator' }
  }

  /** What may follow the word where it is one and fits here. */
  #whole(word: string, place: Place, next: SqlToken | undefined): Place | undefined {
    const after = this.#after(word, place)
    if (after) return after
    if (next?.text === '(' && (place === 'operand' || place === 'alias')) return 'operator'
    const upper = next?.kind === 'name' ? next.text.toUpperCase() : undefined
    const ends = next?.text === ',' || next?.text === ')' || upper?.startsWith('FROM') === true
    return place === 'alias' && ends ? 'operator' : undefined
  }

  /** As above, of words that are known. */
  #after(word: string, place: Place): Place | undefined {
    const upper = word.toUpperCase()
    const isName = this.#names.has(word.toLowerCase())
    switch (place) {
      case 'head':
        if (upper === 'AS') return 'query'
        return headWords.has(upper) || isName ? 'head' : undefined
      case 'query':
        return upper === 'SELECT' ? 'operand' : undefined
      case 'operand':
        if (leadingWords.has(upper) || upper === 'BY') return 'operand'
        return isName || constants.has(upper) || /^\d+$/.test(word) ? 'operator' : undefined
      case 'operator':
        if (upper === 'AS') return 'alias'
        if (upper === 'FROM') return 'table'
        if (joiningWords.has(upper)) return 'operand'
        return closingWords.has(upper) ? 'operator' : undefined
      case 'table':
        return this.#tables.has(word.toLowerCase()) ? 'operator' : undefined
      case 'alias':
        return isName ? 'operator' : undefined
    }
  }

  #ways(word: string, place: Place, next: SqlToken | undefined): Cut[] {
    const ways: Cut[] = []
    for (let end = 1; end < word.length; end++) {
      const [head, rest] = [word.slice(0, end), word.slice(end)]
      const after = this.#after(head, place)
      // A name of what was selected can be any word; only FROM can stand behind it.
      const isAlias = (place === 'alias' || place === 'operator') && !after && /^from/i.test(rest)
      if (!after && !isAlias) continue
      const middle = after ?? 'operator'
      const whole = this.#whole(rest, middle, next)
      if (whole) ways.push({ words: [head, rest], before: middle, place: whole })
      for (const way of this.#ways(rest, middle, next)) ways.push({ ...way, words: [head, ...way.words] })
    }
    return ways
  }
}
