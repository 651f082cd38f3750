import type { LabVersion } from '../model.ts'
import type { AlterClause, AlterTable, ColumnPlace } from './alter-clauses.ts'
import type { Cursor } from './cursor.ts'
import {
  parseComment,
  parseDistribution,
  parseIndex,
  parseNames,
  parseObjectName,
  parseProperties,
  parsePropertyList,
  parseRollup,
} from './parse-clauses.ts'
import { indexTypes, parseColumn } from './parse-create-table.ts'
import { parseBatch, parseDefinition } from './parse-partition.ts'
import type { PartitionBatch } from './statements.ts'

/** What follows ALTER TABLE: the name and its clauses. */
export const parseAlterTable = (cursor: Cursor, version: LabVersion): AlterTable => {
  const target = parseObjectName(cursor)
  const clauses = cursor.separated(() => parseClause(cursor, version))
  cursor.end()
  return { target, clauses }
}

const place = (cursor: Cursor): ColumnPlace => {
  if (cursor.accept('FIRST')) return { first: true }
  return cursor.accept('AFTER') ? { after: cursor.identifier() } : undefined
}

const names = (cursor: Cursor): string[] => (cursor.at('(') ? parseNames(cursor) : [cursor.identifier()])

const parseClause = (cursor: Cursor, version: LabVersion): AlterClause => {
  if (cursor.accept('ADD')) return parseAdd(cursor, version)
  if (cursor.accept('DROP')) return parseDrop(cursor)
  if (cursor.accept('MODIFY')) return parseModify(cursor, version)
  if (cursor.accept('RENAME')) return parseRename(cursor)
  if (cursor.accept('SWAP', 'WITH')) return { kind: 'swap', with: cursor.identifier() }
  if (cursor.accept('SET')) return { kind: 'set', properties: parsePropertyList(cursor) }
  if (cursor.at('COMMENT')) return { kind: 'comment', comment: parseComment(cursor) }
  if (cursor.accept('ORDER', 'BY')) return { kind: 'order-by', columns: parseNames(cursor) }
  if (cursor.accept('AUTO_INCREMENT')) {
    cursor.expect('=')
    return { kind: 'auto-increment', value: cursor.integer() }
  }
  if (cursor.accept('REPLACE')) {
    if (!cursor.accept('PARTITION')) cursor.expect('PARTITIONS')
    const replaced = names(cursor)
    cursor.expect('WITH')
    const temporary = cursor.accept('TEMPORARY')
    if (!cursor.accept('PARTITION')) cursor.expect('PARTITIONS')
    return {
      kind: 'replace-partition',
      temporary,
      names: replaced,
      temporaryNames: names(cursor),
      properties: parseProperties(cursor),
    }
  }
  if (cursor.accept('TRUNCATE')) {
    if (!cursor.accept('PARTITION')) cursor.expect('PARTITIONS')
    return { kind: 'truncate-partition', names: names(cursor) }
  }
  if (version !== '3.1' && (cursor.at('DISTRIBUTED') || cursor.at('PARTITION') || cursor.at('PARTITIONS'))) {
    const partitions = cursor.accept('PARTITION') || cursor.accept('PARTITIONS') ? names(cursor) : undefined
    const distribution = parseDistribution(cursor)
    if (!distribution) throw cursor.unexpected('DISTRIBUTED')
    return { kind: 'optimize', ...(partitions ? { partitions } : {}), distribution }
  }
  throw cursor.unexpected('<EOF>', ';')
}

const parseAdd = (cursor: Cursor, version: LabVersion): AlterClause => {
  const temporary = cursor.accept('TEMPORARY')
  if (cursor.accept('PARTITIONS')) {
    const batches: PartitionBatch[] = []
    const definitions: ReturnType<typeof parseDefinition>[] = []
    if (cursor.at('(')) {
      cursor.next()
      cursor.separated(() => {
        cursor.expect('PARTITION')
        definitions.push(parseDefinition(cursor, version))
      })
      cursor.expect(')')
    } else batches.push(parseBatch(cursor))
    const distribution = parseDistribution(cursor)
    const properties = cursor.at('(') ? parsePropertyList(cursor) : parseProperties(cursor)
    return { kind: 'add-partitions', temporary, batches, definitions, distribution, properties }
  }
  if (cursor.accept('PARTITION')) {
    const definition = parseDefinition(cursor, version)
    const distribution = parseDistribution(cursor)
    const properties = parseProperties(cursor)
    return { kind: 'add-partition', temporary, definition, distribution, properties }
  }
  if (cursor.accept('COLUMN')) {
    const columns = cursor.at('(')
      ? cursor.parenthesized(() => parseColumn(cursor, version))
      : [parseColumn(cursor, version)]
    const where = place(cursor)
    const rollup = cursor.accept('TO') ? cursor.identifier() : undefined
    if (cursor.at('PROPERTIES')) parseProperties(cursor)
    return { kind: 'add-column', columns, place: where, ...(rollup === undefined ? {} : { rollup }) }
  }
  if (cursor.accept('ROLLUP')) return { kind: 'add-rollup', rollups: cursor.separated(() => parseRollup(cursor)) }
  if (cursor.accept('INDEX')) return { kind: 'add-index', ...parseIndex(cursor, indexTypes(version)) }
  throw cursor.noViable(0)
}

const parseDrop = (cursor: Cursor): AlterClause => {
  const temporary = cursor.accept('TEMPORARY')
  if (cursor.accept('PARTITION') || cursor.accept('PARTITIONS')) {
    const ifExists = cursor.accept('IF', 'EXISTS')
    if (cursor.at('START')) {
      const batch = parseBatch(cursor)
      return { kind: 'drop-partition', temporary, ifExists, names: [], batch, force: cursor.accept('FORCE') }
    }
    return { kind: 'drop-partition', temporary, ifExists, names: names(cursor), force: cursor.accept('FORCE') }
  }
  if (cursor.accept('COLUMN')) {
    const name = cursor.identifier()
    const rollup = cursor.accept('FROM') ? cursor.identifier() : undefined
    return { kind: 'drop-column', name, ...(rollup === undefined ? {} : { rollup }) }
  }
  if (cursor.accept('ROLLUP')) return { kind: 'drop-rollup', names: cursor.separated(() => cursor.identifier()) }
  if (cursor.accept('INDEX')) return { kind: 'drop-index', name: cursor.identifier() }
  throw cursor.noViable(0)
}

const parseModify = (cursor: Cursor, version: LabVersion): AlterClause => {
  if (cursor.accept('PARTITION') || cursor.accept('PARTITIONS')) {
    let which: string[] | '*'
    if (cursor.accept('(', '*', ')')) which = '*'
    else which = names(cursor)
    cursor.expect('SET')
    return { kind: 'modify-partition', names: which, properties: parsePropertyList(cursor) }
  }
  cursor.expect('COLUMN')
  if (cursor.peek(1).upper === 'COMMENT') {
    const name = cursor.identifier()
    return { kind: 'modify-column-comment', name, comment: parseComment(cursor) }
  }
  const column = parseColumn(cursor, version)
  return { kind: 'modify-column', column, place: place(cursor) }
}

const parseRename = (cursor: Cursor): AlterClause => {
  if (cursor.accept('PARTITION'))
    return { kind: 'rename-partition', from: cursor.identifier(), to: cursor.identifier() }
  if (cursor.accept('ROLLUP')) return { kind: 'rename-rollup', from: cursor.identifier(), to: cursor.identifier() }
  if (cursor.accept('COLUMN')) {
    const from = cursor.identifier()
    cursor.expect('TO')
    return { kind: 'rename-column', from, to: cursor.identifier() }
  }
  return { kind: 'rename-table', name: cursor.identifier() }
}
