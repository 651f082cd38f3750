import type { LabVersion } from '../model.ts'
import type { Cursor } from './cursor.ts'
import type { Expression } from './expression.ts'
import { parsePropertyList } from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import type {
  PartitionBatch,
  PartitionClause,
  PartitionDefinition,
  PartitionItem,
  PartitionSource,
  PartitionValue,
} from './statements.ts'

const rangeValue = (cursor: Cursor): PartitionValue => {
  if (cursor.accept('MAXVALUE')) return 'MAXVALUE'
  if (cursor.token.kind !== 'string') throw cursor.unexpected('MAXVALUE', 'SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT')
  return cursor.string()
}

const listValue = (cursor: Cursor, nulls: boolean): string | null => {
  if (nulls && cursor.accept('NULL')) return null
  if (cursor.token.kind !== 'string') {
    throw nulls
      ? cursor.unexpected('NULL', 'SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT')
      : cursor.unexpected('DOUBLE_QUOTED_TEXT', 'SINGLE_QUOTED_TEXT')
  }
  return cursor.string()
}

/** What follows `VALUES`: a fixed range, LESS THAN, or IN. */
const parseItem = (cursor: Cursor, version: LabVersion, start: number): PartitionItem => {
  if (cursor.accept('LESS', 'THAN')) {
    if (cursor.accept('MAXVALUE')) return { kind: 'less-than', upper: [], max: true }
    const upper = cursor.parenthesized(() => rangeValue(cursor))
    const max = upper.length === 1 && upper[0] === 'MAXVALUE'
    return { kind: 'less-than', upper: max ? [] : upper, max }
  }
  if (cursor.accept('IN')) {
    const nulls = version !== '3.1'
    if (!nulls && cursor.at('(', 'NULL')) {
      cursor.next()
      throw cursor.noViable(start)
    }
    const tuples = cursor.at('(', '(')
    const values = cursor.parenthesized((): (string | null)[] =>
      cursor.at('(') ? cursor.parenthesized(() => listValue(cursor, nulls)) : [listValue(cursor, nulls)],
    )
    return { kind: 'in', values, tuples }
  }
  cursor.expect('[')
  const lower = cursor.parenthesized(() => rangeValue(cursor))
  cursor.expect(',')
  const upper = cursor.parenthesized(() => rangeValue(cursor))
  cursor.expect(')')
  return { kind: 'fixed', lower, upper }
}

/** `PARTITION [IF NOT EXISTS] name VALUES … [(properties)]`, the word PARTITION read by the caller. */
export const parseDefinition = (cursor: Cursor, version: LabVersion): PartitionDefinition => {
  const start = cursor.tokens[cursor.index - 1]?.start ?? cursor.token.start
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const name = cursor.identifier()
  const item = cursor.accept('VALUES') ? parseItem(cursor, version, start) : undefined
  const properties = cursor.at('(') && cursor.peek(1).kind === 'string' ? parsePropertyList(cursor) : []
  return { name, ifNotExists, item, properties, place: cursor.placeSince(start) }
}

/** `START ("…") END ("…") EVERY (INTERVAL n unit | n)`. */
export const parseBatch = (cursor: Cursor): PartitionBatch => {
  const from = cursor.token.start
  cursor.expect('START', '(')
  const start = cursor.string()
  cursor.expect(')', 'END', '(')
  const end = cursor.string()
  cursor.expect(')', 'EVERY', '(')
  const interval = cursor.accept('INTERVAL')
  const count = cursor.integer()
  const every = interval ? { count, unit: cursor.next().upper } : { count }
  cursor.expect(')')
  return { start, end, every, text: cursor.textSince(from) }
}

const parseSource = (cursor: Cursor, version: LabVersion, clauseStart: number): PartitionSource => {
  const source: PartitionSource = { definitions: [], batches: [], given: false }
  if (!cursor.accept('(')) return source
  source.given = true
  if (cursor.accept(')')) return source
  cursor.separated(() => {
    if (cursor.accept('PARTITION')) {
      const name = cursor.peek(cursor.at('IF', 'NOT', 'EXISTS') ? 3 : 0)
      if (name.kind === 'word' && !cursor.identifierAt(cursor.tokens.indexOf(name))) throw cursor.noViable(clauseStart)
      source.definitions.push(parseDefinition(cursor, version))
    } else source.batches.push(parseBatch(cursor))
  })
  cursor.expect(')')
  return source
}

/** `PARTITION BY …` in every form. */
export const parsePartitionClause = (cursor: Cursor, version: LabVersion): PartitionClause | undefined => {
  if (!cursor.at('PARTITION', 'BY')) return undefined
  const start = cursor.token.start
  cursor.index += 2
  const texts: string[] = []
  const places: string[] = []
  const expression = (): Expression => {
    const from = cursor.token.start
    // Only names and function calls: an operator is not even tried.
    const call = cursor.peek(1).upper === '('
    const read: Expression = call
      ? parseExpression(cursor, version, parseQuery)
      : { kind: 'column', path: [cursor.identifier()] }
    if (cursor.at('%') || cursor.at('+') || cursor.at('-') || cursor.at('*') || cursor.at('/'))
      throw cursor.noViable(start)
    texts.push(cursor.textSince(from))
    places.push(cursor.placeSince(from))
    return read
  }
  const clause = (kind: PartitionClause['kind'], expressions: Expression[]): PartitionClause => {
    const end = cursor.tokens[cursor.index - 1]?.end ?? start
    return { kind, expressions, texts, places, source: parseSource(cursor, version, start), start, end }
  }
  if (cursor.accept('RANGE')) return clause('range', cursor.parenthesized(expression))
  if (cursor.at('LIST', '(')) {
    cursor.next()
    return clause('list', cursor.parenthesized(expression))
  }
  if (cursor.at('(')) return clause('expressions', cursor.parenthesized(expression))
  // Several expressions are known from 3.5 on.
  return clause('expressions', version === '3.1' || version === '3.3' ? [expression()] : cursor.separated(expression))
}
