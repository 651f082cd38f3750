import type { LabVersion } from '../model.ts'
import type { Cursor } from './cursor.ts'
import { parseDataType } from './data-type.ts'
import {
  parseComment,
  parseDistribution,
  parseIndex,
  parseNames,
  parseObjectName,
  parseProperties,
  parseRollup,
} from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parsePartitionClause } from './parse-partition.ts'
import { parseQuery } from './parse-query.ts'
import type { ColumnDefinition, CreateTable } from './statements.ts'

const aggregations = [
  ...['SUM', 'MAX', 'MIN', 'REPLACE_IF_NOT_NULL', 'REPLACE', 'HLL_UNION', 'BITMAP_UNION', 'PERCENTILE_UNION'],
]

/** Index types that a release's grammar knows. */
export const indexTypes = (version: LabVersion): readonly string[] =>
  version === '3.1'
    ? ['BITMAP']
    : version === '3.3'
      ? ['BITMAP', 'NGRAMBF', 'GIN']
      : ['BITMAP', 'NGRAMBF', 'GIN', 'VECTOR']

/** One column of CREATE TABLE, ADD COLUMN or MODIFY COLUMN. */
export const parseColumn = (cursor: Cursor, version: LabVersion): ColumnDefinition => {
  const name =
    cursor.token.kind === 'word' && cursor.token.upper !== 'INDEX' ? cursor.identifier() : cursor.identifier()
  const column: ColumnDefinition = { name, type: parseDataType(cursor, version), autoIncrement: false, comment: '' }
  if (cursor.accept('KEY')) column.key = true
  if (cursor.accept('CHARSET') || cursor.accept('CHARACTER', 'SET') || cursor.accept('COLLATE')) cursor.next()
  const aggregation = aggregations.find((one) => cursor.accept(one))
  if (aggregation) column.aggregation = aggregation
  for (;;) {
    if (cursor.accept('NOT', 'NULL')) column.nullable = false
    else if (cursor.accept('NULL')) column.nullable = true
    else if (cursor.accept('AUTO_INCREMENT')) column.autoIncrement = true
    else if (cursor.accept('DEFAULT')) column.default = parseDefault(cursor, version)
    else if (cursor.accept('AS')) {
      const wrapped = cursor.at('(')
      column.generated = parseExpression(cursor, version, parseQuery)
      void wrapped
    } else if (cursor.at('COMMENT')) column.comment = parseComment(cursor)
    else return column
  }
}

const parseDefault = (cursor: Cursor, version: LabVersion): ColumnDefinition['default'] => {
  if (cursor.accept('NULL')) return { kind: 'null' }
  if (cursor.token.kind === 'string') return { kind: 'literal', value: cursor.string() }
  if (cursor.accept('CURRENT_TIMESTAMP')) {
    if (cursor.at('(', ')')) cursor.index += 2
    else if (version !== '3.1' && version !== '3.3' && cursor.accept('(')) {
      const precision = cursor.integer()
      cursor.expect(')')
      return { kind: 'expression', value: `current_timestamp(${precision})` }
    }
    return { kind: 'expression', value: 'CURRENT_TIMESTAMP' }
  }
  if (cursor.accept('(')) {
    const name = cursor.identifier().toLowerCase()
    cursor.expect('(', ')', ')')
    return { kind: 'expression', value: `${name}()` }
  }
  throw cursor.unexpected("'CURRENT_TIMESTAMP'", 'SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT', "'NULL'", "'('")
}

/** Words that may stand behind the name of a new table. */
const continues = new Set(
  'LIKE ENGINE CHARSET DEFAULT DUPLICATE UNIQUE AGGREGATE PRIMARY COMMENT PARTITION DISTRIBUTED ORDER ROLLUP PROPERTIES AS SELECT'.split(
    ' ',
  ),
)

const parseKeys = (cursor: Cursor): CreateTable['keys'] => {
  const types = {
    DUPLICATE: 'DUP_KEYS',
    UNIQUE: 'UNIQUE_KEYS',
    AGGREGATE: 'AGG_KEYS',
    PRIMARY: 'PRIMARY_KEYS',
  } as const
  for (const [word, type] of Object.entries(types)) {
    if (!cursor.accept(word, 'KEY')) continue
    return { type, columns: parseNames(cursor) }
  }
  return undefined
}

/** What follows CREATE [EXTERNAL|TEMPORARY] TABLE. */
export const parseCreateTable = (
  cursor: Cursor,
  version: LabVersion,
  flags: { external: boolean; temporary: boolean },
): CreateTable => {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const dotted = cursor.peek(1).upper === '.'
  const last = cursor.index + (dotted ? 2 : 0)
  if (!cursor.atIdentifier() || !cursor.identifierAt(last)) {
    cursor.index = cursor.atIdentifier() ? last : cursor.index
    throw cursor.noViable()
  }
  const target = parseObjectName(cursor)
  const statement: CreateTable = {
    kind: 'create-table',
    target,
    ifNotExists,
    ...flags,
    columns: [],
    indexes: [],
    engine: 'OLAP',
    comment: '',
    rollups: [],
    properties: [],
  }
  if (cursor.token.kind === 'word' && !continues.has(cursor.token.upper)) throw cursor.noViable()
  if (cursor.accept('LIKE')) return { ...statement, like: parseObjectName(cursor) }
  if (cursor.accept('(')) {
    cursor.separated(() => {
      if (cursor.at('INDEX')) {
        cursor.next()
        statement.indexes.push(parseIndex(cursor, indexTypes(version)))
      } else statement.columns.push(parseColumn(cursor, version))
    })
    if (!cursor.accept(')')) throw cursor.unexpected("','", "')'")
  }
  if (cursor.accept('ENGINE')) {
    cursor.expect('=')
    statement.engine = cursor.identifier().toUpperCase()
  }
  if (cursor.accept('CHARSET') || cursor.accept('DEFAULT', 'CHARSET')) {
    cursor.accept('=')
    cursor.next()
  }
  const keysStart = cursor.token.start
  statement.keys = parseKeys(cursor)
  if (statement.keys) statement.keysPlace = cursor.placeSince(keysStart)
  statement.comment = parseComment(cursor)
  statement.partition = parsePartitionClause(cursor, version)
  statement.distribution = parseDistribution(cursor)
  if (cursor.accept('ORDER', 'BY')) statement.orderBy = parseNames(cursor)
  if (cursor.accept('ROLLUP')) statement.rollups = cursor.parenthesized(() => parseRollup(cursor))
  statement.properties = parseProperties(cursor)
  if (cursor.accept('AS') || cursor.at('SELECT')) statement.as = parseQuery(cursor, version)
  return statement
}
