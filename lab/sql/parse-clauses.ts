import type { Cursor } from './cursor.ts'
import type { DistributionClause, IndexDefinition, ObjectName, Properties, RollupDefinition } from './statements.ts'

/** `t`, `db.t` or `catalog.db.t`. */
export const parseObjectName = (cursor: Cursor): ObjectName => {
  const path = [cursor.identifier()]
  while (cursor.accept('.')) path.push(cursor.identifier())
  const name = path.at(-1) ?? ''
  return path.length > 1 ? { database: path.at(-2), name } : { name }
}

const propertyText = (cursor: Cursor): string =>
  cursor.token.kind === 'string' ? cursor.string() : cursor.identifier()

/** `("k" = "v", …)`; the word PROPERTIES is read by the caller. */
export const parsePropertyList = (cursor: Cursor): Properties =>
  cursor.parenthesized((): [string, string] => {
    const key = propertyText(cursor)
    cursor.expect('=')
    return [key, propertyText(cursor)]
  })

export const parseProperties = (cursor: Cursor): Properties =>
  cursor.accept('PROPERTIES') ? parsePropertyList(cursor) : []

export const parseNames = (cursor: Cursor): string[] => cursor.parenthesized(() => cursor.identifier())

export const parseComment = (cursor: Cursor): string => {
  if (!cursor.accept('COMMENT')) return ''
  cursor.accept('=')
  return cursor.string()
}

/** `DISTRIBUTED BY HASH(…)|RANDOM [BUCKETS n]`. */
export const parseDistribution = (cursor: Cursor): DistributionClause | undefined => {
  if (!cursor.accept('DISTRIBUTED', 'BY')) return undefined
  const distribution: DistributionClause = { kind: 'random', columns: [] }
  if (!cursor.accept('RANDOM')) {
    cursor.expect('HASH')
    distribution.kind = 'hash'
    distribution.columns = parseNames(cursor)
  }
  if (cursor.accept('BUCKETS')) {
    if (!cursor.accept('DEFAULT') && !cursor.accept('AUTO')) distribution.buckets = cursor.integer()
  }
  return distribution
}

/** What follows the word INDEX: name, columns, USING …, properties, comment. */
export const parseIndex = (cursor: Cursor, known: readonly string[]): IndexDefinition => {
  const name = cursor.identifier()
  const columns = parseNames(cursor)
  return { name, columns, ...parseIndexType(cursor, known) }
}

export const parseIndexType = (
  cursor: Cursor,
  known: readonly string[],
): Pick<IndexDefinition, 'type' | 'properties' | 'comment'> => {
  let type = 'BITMAP'
  let properties: Properties = []
  if (cursor.accept('USING')) {
    const word = known.find((one) => cursor.at(one))
    if (word === undefined) throw cursor.unexpected(...known)
    cursor.next()
    type = word
    if (cursor.at('(')) properties = parsePropertyList(cursor)
  }
  return { type, properties, comment: parseComment(cursor) }
}

/** `name (c1, c2) [DUPLICATE KEY (…)] [FROM base] [PROPERTIES (…)]`. */
export const parseRollup = (cursor: Cursor): RollupDefinition => {
  const name = cursor.identifier()
  const columns = parseNames(cursor)
  const duplicateKeys = cursor.accept('DUPLICATE', 'KEY') ? parseNames(cursor) : []
  const from = cursor.accept('FROM') ? cursor.identifier() : undefined
  return { name, columns, duplicateKeys, from, properties: parseProperties(cursor) }
}
