import type { LabVersion } from '../model.ts'
import type { Cursor } from './cursor.ts'
import type { Expression, Query, Relation, Select, SelectItem } from './expression.ts'
import { parseExpression } from './parse-expression.ts'

/** Words that end a relation and so cannot be its alias without AS. */
const afterRelation = new Set([
  ...[
    'WHERE',
    'GROUP',
    'HAVING',
    'ORDER',
    'LIMIT',
    'UNION',
    'ON',
    'JOIN',
    'INNER',
    'LEFT',
    'RIGHT',
    'FULL',
    'CROSS',
    'PARTITION',
  ],
  ...['EXCEPT', 'INTERSECT', 'USING', 'OFFSET', 'TABLET', 'PARTITIONS', 'SET'],
])

/** Reads a query: WITH, SELECT, joins, UNION, ORDER BY, LIMIT. */
export const parseQuery = (cursor: Cursor, version: LabVersion): Query => {
  const start = cursor.token.start
  const expression = (): Expression => parseExpression(cursor, version, parseQuery)
  const ctes: Query['with'] = []
  if (cursor.accept('WITH')) {
    cursor.separated(() => {
      const name = cursor.identifier()
      const columns = cursor.at('(') ? cursor.parenthesized(() => cursor.identifier()) : []
      cursor.expect('AS', '(')
      const query = parseQuery(cursor, version)
      cursor.expect(')')
      ctes.push({ name, columns, query })
    })
  }
  let body: Query['body'] = term(cursor, version, expression)
  while (cursor.accept('UNION')) {
    const all = cursor.accept('ALL')
    cursor.accept('DISTINCT')
    body = { kind: 'union', all, left: body, right: term(cursor, version, expression) }
  }
  const orderBy = cursor.accept('ORDER', 'BY')
    ? cursor.separated(() => {
        const by = expression()
        const descending = cursor.accept('DESC')
        if (!descending) cursor.accept('ASC')
        return { expression: by, descending }
      })
    : []
  const query: Query = { with: ctes, body, orderBy, start, end: 0 }
  if (cursor.accept('LIMIT')) {
    const first = cursor.integer()
    if (cursor.accept(',')) {
      query.offset = first
      query.limit = cursor.integer()
    } else {
      query.limit = first
      if (cursor.accept('OFFSET')) query.offset = cursor.integer()
    }
  }
  query.end = cursor.tokens[cursor.index - 1]?.end ?? start
  return query
}

const term = (cursor: Cursor, version: LabVersion, expression: () => Expression): Query['body'] => {
  if (cursor.at('(')) {
    cursor.next()
    const inner = parseQuery(cursor, version)
    cursor.expect(')')
    return inner.body
  }
  cursor.expect('SELECT')
  const distinct = cursor.accept('DISTINCT')
  if (!distinct) cursor.accept('ALL')
  const items = cursor.separated((): SelectItem => {
    const start = cursor.token.start
    const item: SelectItem = { expression: expression(), text: '' }
    item.text = cursor.textSince(start)
    if (cursor.accept('AS')) item.alias = cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()
    else if (cursor.atIdentifier() && !afterRelation.has(cursor.token.upper) && !cursor.at('FROM'))
      item.alias = cursor.identifier()
    return item
  })
  const select: Select = { kind: 'select', distinct, items, groupBy: [] }
  if (cursor.accept('FROM')) select.from = relations(cursor, version, expression)
  if (cursor.accept('WHERE')) select.where = expression()
  if (cursor.accept('GROUP', 'BY')) select.groupBy = cursor.separated(expression)
  if (cursor.accept('HAVING')) select.having = expression()
  return select
}

const relations = (cursor: Cursor, version: LabVersion, expression: () => Expression): Relation => {
  let left = joined(cursor, version, expression)
  while (cursor.accept(',')) left = { kind: 'join', type: ',', left, right: joined(cursor, version, expression) }
  return left
}

const joined = (cursor: Cursor, version: LabVersion, expression: () => Expression): Relation => {
  let left = single(cursor, version)
  for (;;) {
    const type = joinType(cursor)
    if (type === undefined) return left
    const right = single(cursor, version)
    const on = cursor.accept('ON') ? expression() : undefined
    left = { kind: 'join', type, left, right, on }
  }
}

const joinType = (cursor: Cursor): string | undefined => {
  if (cursor.accept('JOIN') || cursor.accept('INNER', 'JOIN')) return 'INNER JOIN'
  if (cursor.accept('CROSS', 'JOIN')) return 'CROSS JOIN'
  for (const side of ['LEFT', 'RIGHT', 'FULL']) {
    for (const kind of ['OUTER', 'SEMI', 'ANTI']) if (cursor.accept(side, kind, 'JOIN')) return `${side} ${kind} JOIN`
    if (cursor.accept(side, 'JOIN')) return `${side} OUTER JOIN`
  }
  return undefined
}

const single = (cursor: Cursor, version: LabVersion): Relation => {
  if (cursor.accept('(')) {
    const query = parseQuery(cursor, version)
    cursor.expect(')')
    return { kind: 'subquery', query, alias: relationAlias(cursor) ?? '' }
  }
  const path = [cursor.identifier()]
  while (cursor.accept('.')) path.push(cursor.token.kind === 'word' ? cursor.next().value : cursor.identifier())
  const relation: Relation = { kind: 'table', name: path.at(-1) ?? '', database: path.at(-2) }
  if (cursor.accept('PARTITION') || cursor.accept('PARTITIONS')) {
    relation.partitions = cursor.at('(') ? cursor.parenthesized(() => cursor.identifier()) : [cursor.identifier()]
  }
  relation.alias = relationAlias(cursor)
  return relation
}

const relationAlias = (cursor: Cursor): string | undefined => {
  if (cursor.accept('AS')) return cursor.identifier()
  return cursor.atIdentifier() && !afterRelation.has(cursor.token.upper) ? cursor.identifier() : undefined
}
