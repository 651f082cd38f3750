import type { LabVersion } from '../model.ts'
import type { Cursor } from './cursor.ts'
import { parseDataType } from './data-type.ts'
import type { Expression, Query } from './expression.ts'

type ParseQuery = (cursor: Cursor, version: LabVersion) => Query

/** Binary operators from loosest to tightest. */
const levels: string[][] = [
  ['OR', '||'],
  ['AND', '&&'],
  ['=', '<=>', '!=', '<>', '<', '<=', '>', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['+', '-'],
  ['*', '/', '%', 'DIV', 'MOD'],
]

/** Functions that are reserved words, and those that may stand without parentheses. */
const bareFunctions = new Set([
  'CURRENT_TIMESTAMP',
  'CURRENT_DATE',
  'CURRENT_TIME',
  'CURRENT_USER',
  'LOCALTIME',
  'LOCALTIMESTAMP',
  'CURRENT_ROLE',
])
const reservedFunctions = new Set([
  ...[
    'IF',
    'REPLACE',
    'LEFT',
    'RIGHT',
    'CHAR',
    'MOD',
    'DATABASE',
    'SCHEMA',
    'ROW',
    'RANK',
    'ROW_NUMBER',
    'DENSE_RANK',
    'LAG',
    'LEAD',
  ],
  ...['BITMAP', 'FIRST_VALUE', 'LAST_VALUE', 'NTILE', 'CURRENT_USER', 'DATE', 'FLOOR', 'CONVERT'],
])

export const parseExpression = (cursor: Cursor, version: LabVersion, query: ParseQuery): Expression => {
  const parse = (): Expression => binary(0)

  const binary = (level: number): Expression => {
    if (level === 2) return comparison()
    if (level >= levels.length) return unary()
    let left = level === 1 ? not() : binary(level + 1)
    for (;;) {
      const op = (levels[level] ?? []).find((o) => cursor.at(o))
      if (op === undefined) return left
      cursor.next()
      const right = level === 1 ? not() : binary(level + 1)
      left = {
        kind: 'binary',
        op: op === '&&' ? 'AND' : op === '||' && level === 0 ? 'OR' : op === '<>' ? '!=' : op,
        left,
        right,
      }
    }
  }

  const not = (): Expression =>
    cursor.accept('NOT') || cursor.accept('!') ? { kind: 'unary', op: 'NOT', arg: not() } : comparison()

  const comparison = (): Expression => {
    let left = binary(3)
    for (;;) {
      const op = (levels[2] ?? []).find((o) => cursor.at(o))
      if (op !== undefined) {
        cursor.next()
        left = { kind: 'binary', op: op === '<>' ? '!=' : op, left, right: binary(3) }
      } else if (cursor.at('IS')) {
        cursor.next()
        const negated = cursor.accept('NOT')
        cursor.expect('NULL')
        left = { kind: 'is-null', arg: left, not: negated }
      } else {
        const negated = cursor.at('NOT') && ['IN', 'LIKE', 'BETWEEN', 'REGEXP', 'RLIKE'].includes(cursor.peek(1).upper)
        if (negated) cursor.next()
        if (cursor.accept('IN')) {
          cursor.expect('(')
          const list: Expression[] =
            cursor.at('SELECT') || cursor.at('WITH')
              ? [{ kind: 'subquery', query: query(cursor, version) }]
              : cursor.separated(parse)
          cursor.expect(')')
          left = { kind: 'in', arg: left, list, not: negated }
        } else if (cursor.accept('BETWEEN')) {
          const low = binary(3)
          cursor.expect('AND')
          left = { kind: 'between', arg: left, low, high: binary(3), not: negated }
        } else if (cursor.at('LIKE') || cursor.at('REGEXP') || cursor.at('RLIKE')) {
          const regexp = !cursor.at('LIKE')
          cursor.next()
          left = { kind: 'like', arg: left, pattern: binary(3), not: negated, regexp }
        } else return left
      }
    }
  }

  const unary = (): Expression => {
    for (const op of ['-', '+', '~'] as const) if (cursor.accept(op)) return { kind: 'unary', op, arg: unary() }
    return postfix()
  }

  const postfix = (): Expression => {
    let base = primary()
    while (cursor.at('[') || cursor.at('->')) {
      if (cursor.accept('[')) {
        base = { kind: 'call', name: 'element_at', args: [base, parse()], distinct: false }
        cursor.expect(']')
      } else {
        cursor.next()
        base = { kind: 'call', name: 'json_query', args: [base, primary()], distinct: false }
      }
    }
    return base
  }

  const call = (name: string): Expression => {
    cursor.expect('(')
    if (cursor.accept(')')) return { kind: 'call', name, args: [], distinct: false }
    if (cursor.at('*', ')')) {
      cursor.index += 2
      return { kind: 'call', name, args: [{ kind: 'star', path: [] }], distinct: false }
    }
    const distinct = cursor.accept('DISTINCT')
    const args = cursor.separated(() => (cursor.at('INTERVAL') ? interval() : parse()))
    cursor.expect(')')
    return { kind: 'call', name, args, distinct }
  }

  const interval = (): Expression => {
    cursor.expect('INTERVAL')
    const count = unary()
    return { kind: 'interval', count, unit: cursor.next().value.toLowerCase() }
  }

  const variable = (): Expression => {
    cursor.expect('@@')
    const first = cursor.next().value
    if (!cursor.accept('.')) return { kind: 'variable', scope: '', name: first }
    return {
      kind: 'variable',
      scope: first.toUpperCase() === 'GLOBAL' ? 'GLOBAL' : 'SESSION',
      name: cursor.next().value,
    }
  }

  const caseWhen = (): Expression => {
    const operand = cursor.at('WHEN') ? undefined : parse()
    const whens: [Expression, Expression][] = []
    while (cursor.accept('WHEN')) {
      const when = parse()
      cursor.expect('THEN')
      whens.push([when, parse()])
    }
    const otherwise = cursor.accept('ELSE') ? parse() : undefined
    cursor.expect('END')
    return { kind: 'case', operand, whens, otherwise }
  }

  const primary = (): Expression => {
    const token = cursor.token
    if (token.kind === 'string') return { kind: 'string', value: cursor.next().value }
    if (token.kind === 'number') return { kind: 'number', text: cursor.next().text }
    if (cursor.at('@@')) return variable()
    if (cursor.accept('(')) {
      if (cursor.at('SELECT') || cursor.at('WITH')) {
        const inner = query(cursor, version)
        cursor.expect(')')
        return { kind: 'subquery', query: inner }
      }
      const items = cursor.separated(parse)
      cursor.expect(')')
      return items.length === 1 ? (items[0] as Expression) : { kind: 'list', items }
    }
    if (cursor.accept('[')) {
      const items = cursor.at(']') ? [] : cursor.separated(parse)
      cursor.expect(']')
      return { kind: 'call', name: 'array', args: items, distinct: false }
    }
    if (cursor.accept('*')) return { kind: 'star', path: [] }
    if (token.kind === 'word') {
      if (cursor.accept('NULL')) return { kind: 'null' }
      if (cursor.accept('TRUE')) return { kind: 'boolean', value: true }
      if (cursor.accept('FALSE')) return { kind: 'boolean', value: false }
      if (cursor.accept('CASE')) return caseWhen()
      if (cursor.at('INTERVAL')) return interval()
      if (cursor.at('CAST', '(')) {
        cursor.index += 2
        const arg = parse()
        cursor.expect('AS')
        const type = parseDataType(cursor, version)
        cursor.expect(')')
        return { kind: 'cast', arg, type }
      }
      if ((cursor.at('DATE') || cursor.at('DATETIME')) && cursor.peek(1).kind === 'string') {
        const type = cursor.next().value.toLowerCase()
        return { kind: 'cast', arg: { kind: 'string', value: cursor.next().value }, type }
      }
      if (cursor.at('ARRAY', '<') || cursor.at('MAP', '{') || cursor.at('MAP', '<')) {
        if (!cursor.at('MAP', '{')) parseDataType(cursor, version)
        else cursor.next()
        return primary()
      }
      if (bareFunctions.has(token.upper) && cursor.peek(1).upper !== '(')
        return { kind: 'call', name: cursor.next().value.toLowerCase(), args: [], distinct: false }
      if (cursor.peek(1).upper === '(' && (reservedFunctions.has(token.upper) || bareFunctions.has(token.upper)))
        return call(cursor.next().value.toLowerCase())
    }
    const path = [cursor.identifier()]
    if (cursor.at('(') && token.kind === 'word') return call((path[0] as string).toLowerCase())
    while (cursor.accept('.')) {
      if (cursor.accept('*')) return { kind: 'star', path }
      path.push(cursor.token.kind === 'word' ? cursor.next().value : cursor.identifier())
    }
    return { kind: 'column', path }
  }

  return parse()
}
