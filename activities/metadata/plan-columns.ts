import { type Column, canonicalDataType, type ObjectName, type Table } from '../../starrocks/ddl/index.ts'
import { writeColumn } from '../../starrocks/ddl/write-column.ts'
import { quoteName, quoteQualified } from '../../starrocks/index.ts'
import type { Side } from './pair.ts'
import type { DiscardStep, Step } from './steps.ts'

/**
 * The steps that give a copy the source's columns without touching its rows, where that is certain to end in the same table: value columns that
 * came or went, on a table with fast schema evolution (which moves no data, ids or hashes). Undefined where the table must be made again.
 *
 * Rows copied before a column came get the default on both sides, so it must be a constant: the time or a new id would differ. That they were copied
 * before it, and the copy did not lose it, is for the caller to know. `from`: the rows that a dropped column goes from, and whether that is allowed
 * whosever they are.
 */
export function planColumnChange(
  source: Table,
  target: Table,
  name: ObjectName,
  side: Pick<Side, 'runMode'>,
  from: Pick<DiscardStep, 'allowed' | 'of'>,
): Step[] | undefined {
  if (!evolvesFast(target, side)) return undefined
  const wanted = new Set(source.columns.map(keyOf))
  const present = new Set(target.columns.map(keyOf))
  const gone = target.columns.filter((column) => !wanted.has(keyOf(column)))
  const added = source.columns.filter((column) => !present.has(keyOf(column)))
  // One that was renamed and changed in its type at once looks like one that went and another that came: its values would become NULL.
  if (gone.length > 0 && added.length > 0) return undefined
  if (![...gone, ...added].every((column) => isPlainValue(column, source, target))) return undefined
  const stayed = source.columns.filter((column) => present.has(keyOf(column)))
  if (!areUnmistakable([...gone, ...added], stayed)) return undefined
  const kept = (table: Table, other: Set<string>) => table.columns.map(keyOf).filter((key) => other.has(key))
  if (kept(source, present).join('\0') !== kept(target, wanted).join('\0')) return undefined

  const table = quoteQualified(name.database, name.name)
  const names = source.columns.map((column) => column.name)
  const steps: Step[] = gone.map((column) => ({
    kind: 'discard',
    statement: `ALTER TABLE ${table} DROP COLUMN ${quoteName(column.name)}`,
    ...from,
  }))
  for (const column of added) {
    const before = source.columns[source.columns.indexOf(column) - 1]
    if (!before) return undefined
    const statement = `ALTER TABLE ${table} ADD COLUMN ${writeColumn(column, names)} AFTER ${quoteName(before.name)}`
    steps.push({ kind: 'sql', statement }, { kind: 'settle', what: 'COLUMN' })
  }
  return gone.length > 0 ? [...steps, { kind: 'settle', what: 'COLUMN' }] : steps
}

/**
 * Whether what came and went cannot be the trace of renaming: DROP v, RENAME new_v TO v looks like the loss of new_v, and its copy would go on with the
 * old v's values. Renaming keeps a column's definition, so no changed column may be defined like another one.
 */
function areUnmistakable(changed: readonly Column[], stayed: readonly Column[]): boolean {
  const definition = ({ type, aggregation, nullable, default: value }: Column) =>
    JSON.stringify([canonicalDataType(type), aggregation ?? '', nullable, value])
  const seen = new Set(stayed.map(definition))
  return changed.every((column) => {
    const text = definition(column)
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
}

const keyOf = (column: Column) => column.name.toLowerCase()

function evolvesFast(target: Table, side: Pick<Side, 'runMode'>): boolean {
  const { properties } = target
  if (side.runMode === 'shared_data') return properties.cloud_native_fast_schema_evolution_v2 === 'true'
  return properties.fast_schema_evolution === 'true'
}

function isPlainValue(column: Column, ...tables: Table[]): boolean {
  if (column.autoIncrement || column.generated !== undefined) return false
  if (column.default.kind !== 'none' && column.default.kind !== 'literal') return false
  if (!column.nullable && column.default.kind === 'none') return false
  const key = keyOf(column)
  return tables.every((table) => !usesColumn(table, key))
}

/** Keys, sort keys, partition, distribution and indexed columns are not changed this way. */
function usesColumn(table: Table, key: string): boolean {
  const { partitioning, distribution } = table
  const used = [
    ...(table.keys?.columns ?? []),
    ...table.orderBy,
    ...table.indexes.flatMap((index) => index.columns),
    ...(distribution?.kind === 'hash' ? distribution.columns : []),
    ...('columns' in partitioning ? partitioning.columns : []),
    ...('terms' in partitioning
      ? partitioning.terms.map((term) => (term.kind === 'column' ? term.name : term.text))
      : []),
    ...('column' in partitioning ? [partitioning.column] : []),
    ...('text' in partitioning ? [partitioning.text] : []),
    ...table.columns.flatMap((other) => (other.generated === undefined ? [] : [other.generated])),
  ]
  return used.some((text) => text.toLowerCase() === key || (/[()]/.test(text) && text.toLowerCase().includes(key)))
}
