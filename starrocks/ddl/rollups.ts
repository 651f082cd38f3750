import { canonicalDataType, readDataType } from './data-type.ts'
import { quoteName, quoteQualified } from './quote.ts'
import { tableReferences } from './references.ts'
import { withBlanks } from './sync-view-text.ts'
import type { ObjectName } from './target.ts'
import { writeNames } from './write-column.ts'

/** A plain rollup: a name and columns of the table, in order. */
export interface Rollup {
  readonly name: string
  readonly columns: readonly string[]
}

/** `ROLLUP (a (k2, v1), b (v1, k1))` inside CREATE TABLE: made with the table, nothing to wait for. */
export function writeRollupClause(rollups: readonly Rollup[]): string {
  return `ROLLUP (${rollups.map(writeRollup).join(', ')})`
}

/** Adds rollups to a table that exists, all in one statement: a second one would be refused until the first is built. */
export function writeAddRollups(table: ObjectName, rollups: readonly Rollup[]): string {
  return `ALTER TABLE ${quoteQualified(table.database, table.name)} ADD ROLLUP ${rollups.map(writeRollup).join(', ')}`
}

function writeRollup(rollup: Rollup): string {
  return `${quoteName(rollup.name)} ${writeNames(rollup.columns)}`
}

/** One index (base table, rollup, synchronous materialized view) of the answer to DESC t ALL. */
export interface TableIndex {
  readonly name: string
  /** DUP_KEYS, AGG_KEYS, UNIQUE_KEYS, PRIMARY_KEYS. */
  readonly keysType: string
  readonly columns: readonly { name: string; type: string; nullable: boolean; key: boolean; extra: string }[]
}

/** Reads the rows of DESC t ALL: the first row of an index names it, an empty row separates two. */
export function readTableIndexes(rows: Iterable<Readonly<Record<string, string | null | undefined>>>): TableIndex[] {
  const indexes: { name: string; keysType: string; columns: TableIndex['columns'][number][] }[] = []
  for (const row of rows) {
    if (row.IndexName) indexes.push({ name: row.IndexName, keysType: row.IndexKeysType ?? '', columns: [] })
    if (!row.Field) continue
    indexes.at(-1)?.columns.push({
      name: row.Field,
      type: row.Type ?? '',
      nullable: /^yes$/i.test(row.Null ?? ''),
      key: row.Key === 'true',
      extra: row.Extra ?? '',
    })
  }
  return indexes
}

/** How SHOW MATERIALIZED VIEWS tells a rollup from a synchronous materialized view. */
export type IndexDefinition =
  | { readonly kind: 'rollup'; readonly rollup: Rollup }
  | { readonly kind: 'sync-view'; readonly name: string; readonly text: string }
  /** The listing does not hold it, or not in full: it cannot be made again. */
  | { readonly kind: 'unknown'; readonly name: string; readonly shown?: string }

/**
 * Finds out how each index beside the base table came to be. `listed` are name and text of the SHOW MATERIALIZED VIEWS rows of refresh
 * type ROLLUP of the whole database: it lists rollups too, and two tables may have one of the same name. Synchronous views show what was
 * typed, but for its line breaks (see withBlanks). Plain rollups show a generated `create materialized view r as select a,NONE(b) from t
 * group by a`, which cannot be run again, so they are made from their columns.
 */
export function definitionsOfIndexes(
  { database, name: table }: ObjectName,
  indexes: readonly TableIndex[],
  listed: Iterable<readonly [name: string, text: string]>,
): IndexDefinition[] {
  const base = indexes.find((index) => index.name === table)
  const baseColumns = new Set(base?.columns.map((column) => column.name))
  const rows = [...listed]
  return indexes
    .filter((index) => index !== base)
    .map((index): IndexDefinition => {
      const { name } = index
      const columns = index.columns.map((column) => column.name)
      const texts = rows.filter((row) => row[0] === name).map((row) => row[1])
      const likeBase = index.keysType === base?.keysType && columns.every((column) => baseColumns.has(column))
      if (likeBase && texts.some((text) => isGenerated(text, index, table))) {
        return { kind: 'rollup', rollup: { name, columns } }
      }
      const known = { view: name, database, table, columns: [...baseColumns, ...columns] }
      const typed = texts
        .map((text) => withBlanks(text, known))
        .find((text) => text !== undefined && tableReferences(text).some((reference) => reference.name === table))
      if (typed !== undefined) return { kind: 'sync-view', name, text: typed }
      // Of several of this name in the database nobody can tell which is the table's.
      return { kind: 'unknown', name, ...(texts.length === 1 ? { shown: texts[0] } : {}) }
    })
}

/**
 * Whether the frontend made up the text, `create materialized view r as select k,SUM(v) from t group by k`, from the index's own columns. Somebody
 * may have typed one that begins alike and has a condition: a rollup without that would hold other rows.
 */
function isGenerated(text: string, { name, columns }: TableIndex, table: string): boolean {
  const head = `create materialized view ${name} as select `
  const keys = columns.filter(({ key }) => key).map((column) => column.name)
  const tails = [` from ${table} group by ${keys.join(',')}`, ` from ${table}`]
  const tail = tails.find((one) => text.trimEnd().endsWith(one))
  if (!text.startsWith(head) || tail === undefined) return false
  let rest = text.trimEnd().slice(head.length, -tail.length)
  for (const [at, column] of columns.entries()) {
    if (at > 0) {
      if (!rest.startsWith(',')) return false
      rest = rest.slice(1)
    }
    const called = column.key ? '' : (/^[A-Z_]+\(/.exec(rest)?.[0] ?? '')
    const item = `${called}${column.name}${called === '' ? '' : ')'}`
    if (!rest.startsWith(item)) return false
    rest = rest.slice(item.length)
  }
  return rest === ''
}

/**
 * What differs between the indexes of source and target, matched by name (their order is that of a hash). The base table is left out:
 * difference() compares its columns.
 */
export function compareIndexes(
  source: { readonly table: string; readonly indexes: readonly TableIndex[] },
  target: { readonly table: string; readonly indexes: readonly TableIndex[] },
): string[] {
  const found: string[] = []
  const others = (side: typeof source) => side.indexes.filter((index) => index.name !== side.table)
  const onTarget = new Map(others(target).map((index) => [index.name, index]))
  for (const index of others(source)) {
    const twin = onTarget.get(index.name)
    onTarget.delete(index.name)
    if (!twin) found.push(`index ${index.name} is missing on the target`)
    else if (shape(index) !== shape(twin)) found.push(`index ${index.name} has other columns on the target`)
  }
  for (const name of onTarget.keys()) found.push(`index ${name} exists on the target only`)
  return found
}

function shape(index: TableIndex): string {
  const columns = index.columns.map((column) => [
    column.name.toLowerCase(),
    canonicalDataType(readDataType(column.type)),
    column.nullable,
    column.key,
    aggregationOf(column.extra),
  ])
  return JSON.stringify([index.keysType, columns])
}

// DESC shows the bloom filter here too, on shared-nothing clusters only; it is a property of the table and compared as such.
function aggregationOf(extra: string): string {
  return extra
    .toUpperCase()
    .split(',')
    .filter((part) => part !== '' && part !== 'NONE' && part !== 'BLOOM_FILTER')
    .join(',')
}
