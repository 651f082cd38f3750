import type { Cursor } from './cursor.ts'
import { syntaxFailure } from './errors.ts'
import { placeOf } from './lexer.ts'
import { parseObjectName, parseProperties } from './parse-clauses.ts'
import type { SnapshotCatalogs, SnapshotObjectItem, SnapshotStatement } from './snapshot-statement.ts'

const refusal = (text: string) => syntaxFailure(`Getting syntax error. Detail message: ${text}.`)

/** BACKUP, the word read. `wide`: the grammar of 3.4 and later. */
export const parseBackup = (cursor: Cursor, wide: boolean): SnapshotStatement => {
  const catalogs = wide ? parseCatalogs(cursor, false) : undefined
  const database = wide && cursor.accept('DATABASE') ? cursor.identifier() : undefined
  const { label, prefix } = parseLabel(cursor)
  cursor.expect('TO')
  const repository = cursor.identifier()
  const items = parseItems(cursor, wide, wide)
  const properties = parseProperties(cursor)
  cursor.end()
  checkForms({ prefix, database, catalogs, items })
  if (items?.some((item) => item.alias !== undefined))
    throw refusal('Specifying alias for backup object is forbidden in BACKUP stmt')
  return { label, prefix, database, repository, catalogs, items, properties }
}

/** RESTORE, the word read. */
export const parseRestore = (cursor: Cursor, wide: boolean): SnapshotStatement => {
  const { label, prefix } = parseLabel(cursor)
  cursor.expect('FROM')
  const repository = cursor.identifier()
  const catalogs = wide ? parseCatalogs(cursor, true) : undefined
  let database: string | undefined
  let databaseAlias: string | undefined
  if (wide && cursor.accept('DATABASE')) {
    database = cursor.identifier()
    if (cursor.accept('AS')) databaseAlias = cursor.identifier()
  }
  const items = parseItems(cursor, wide, true)
  const properties = parseProperties(cursor)
  cursor.end()
  checkForms({ prefix, database, catalogs, items })
  if (wide && items && prefix === undefined && database === undefined)
    throw refusal('`ON` clause is forbidden if no Database explicitly specified in Restore stmt')
  return { label, prefix, database, databaseAlias, repository, catalogs, items, properties }
}

const checkForms = (form: Pick<SnapshotStatement, 'prefix' | 'database' | 'catalogs' | 'items'>): void => {
  if (form.catalogs && (form.prefix !== undefined || form.database !== undefined))
    throw refusal('Can not sepcify database name for external catalog Backup/Restore')
  if (form.catalogs && form.items) throw refusal('Can not sepcify `ON` clause for external catalog Backup/Restore')
  if (form.prefix !== undefined && form.database !== undefined)
    throw refusal(
      'Specifying dbName before snapshot name is forbidden if the DbName is specified explicitly in BACKUP/RESTORE',
    )
}

const parseLabel = (cursor: Cursor): { label: string; prefix?: string } => {
  cursor.expect('SNAPSHOT')
  const { database, name } = parseObjectName(cursor)
  return { label: name, ...(database === undefined ? {} : { prefix: database }) }
}

const parseCatalogs = (cursor: Cursor, aliases: boolean): SnapshotCatalogs | undefined => {
  if (cursor.accept('ALL', 'EXTERNAL', 'CATALOGS')) return {}
  if (!cursor.accept('EXTERNAL', 'CATALOG') && !cursor.accept('EXTERNAL', 'CATALOGS')) return undefined
  const names = cursor.parenthesized(() => {
    const name = cursor.identifier()
    return { name, ...(aliases && cursor.accept('AS') ? { alias: cursor.identifier() } : {}) }
  })
  return { names }
}

const parseItems = (cursor: Cursor, wide: boolean, aliases: boolean): SnapshotObjectItem[] | undefined =>
  cursor.accept('ON') ? cursor.parenthesized(() => parseItem(cursor, wide, aliases)) : undefined

const parseItem = (cursor: Cursor, wide: boolean, aliases: boolean): SnapshotObjectItem => {
  const all = wide && cursor.accept('ALL')
  const kind = wide ? parseKind(cursor) : undefined
  if (all) {
    if (kind === undefined) throw cursor.unexpected()
    return { kind, place: '', partitionPlace: '' }
  }
  const start = cursor.token.start
  const { name } = parseObjectName(cursor)
  const item: SnapshotObjectItem = { kind: kind ?? 'table', name, place: '', partitionPlace: '' }
  if (item.kind === 'table') {
    const from = cursor.token.start
    item.temporary = cursor.accept('TEMPORARY')
    if (cursor.accept('PARTITION') || cursor.accept('PARTITIONS')) {
      item.partitions = cursor.parenthesized(() =>
        cursor.token.kind === 'string' ? cursor.string() : cursor.identifier(),
      )
      item.partitionPlace = placeBetween(cursor, from)
    }
  }
  if (aliases && cursor.accept('AS')) item.alias = cursor.identifier()
  item.place = placeBetween(cursor, start)
  return item
}

const parseKind = (cursor: Cursor): SnapshotObjectItem['kind'] | undefined => {
  if (cursor.accept('TABLE') || cursor.accept('TABLES')) return 'table'
  if (cursor.accept('MATERIALIZED', 'VIEW') || cursor.accept('MATERIALIZED', 'VIEWS')) return 'materialized-view'
  if (cursor.accept('VIEW') || cursor.accept('VIEWS')) return 'view'
  if (cursor.accept('FUNCTION') || cursor.accept('FUNCTIONS')) return 'function'
  return undefined
}

/** `at line …` of a single token, `from line … to line …` of more. */
const placeBetween = (cursor: Cursor, start: number): string => {
  const last = cursor.tokens[cursor.index - 1]
  if (last?.start !== start) return cursor.placeSince(start)
  const { line, column } = placeOf(cursor.sql, start)
  return `at line ${line}, column ${column}`
}
