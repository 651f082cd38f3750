import type { LabColumn, LabRow, LabTable, LabTablet, LabValue } from '../model.ts'
import { baseIndex } from './route.ts'
import { compareValues } from './values.ts'

/** Live rows of a tablet by key, so that an upsert need not look at every row. Built again when somebody else changed the rows. */
interface LiveRows {
  rows: LabRow[]
  length: number
  byKey: Map<string, LabRow>
}

const liveRows = new WeakMap<LabTablet, LiveRows>()

/** Positions of the key columns in a row. */
export function keyPositions(table: LabTable): number[] {
  const { columns } = baseIndex(table)
  const names = new Set(table.keyColumns.map((name) => name.toLowerCase()))
  return columns.flatMap((column, i) => (names.has(column.name.toLowerCase()) ? [i] : []))
}

export function keyOf(values: readonly LabValue[], positions: readonly number[]): string {
  return JSON.stringify(
    positions.map((at) => (values[at] === null || values[at] === undefined ? null : String(values[at]))),
  )
}

/** Live rows by key of a tablet whose model keeps one row a key. */
export function liveByKey(table: LabTable, tablet: LabTablet): Map<string, LabRow> {
  const known = liveRows.get(tablet)
  if (known && known.rows === tablet.rows && known.length === tablet.rows.length) return known.byKey
  const positions = keyPositions(table)
  const byKey = new Map<string, LabRow>()
  for (const row of tablet.rows) if (row.until === undefined) byKey.set(keyOf(row.values, positions), row)
  liveRows.set(tablet, { rows: tablet.rows, length: tablet.rows.length, byKey })
  return byKey
}

/** Must follow every change of a tablet's rows that was not made through this file. */
export function forgetLiveRows(tablet: LabTablet): void {
  liveRows.delete(tablet)
}

/** Adds a row at a version by the rule of the table's model. */
export function addRow(table: LabTable, tablet: LabTablet, values: LabValue[], version: bigint): void {
  if (table.keysType === 'DUP_KEYS') {
    tablet.rows.push({ values, since: version })
    return
  }
  const byKey = liveByKey(table, tablet)
  const key = keyOf(values, keyPositions(table))
  const former = byKey.get(key)
  const row: LabRow = { values, since: version }
  if (former) {
    if (table.keysType === 'AGG_KEYS') row.values = aggregate(baseIndex(table).columns, former.values, values)
    if (former.since === version) {
      // Twice in one load: the row of this version changes in place.
      former.values = row.values
      return
    }
    former.until = version
  }
  tablet.rows.push(row)
  byKey.set(key, row)
  const known = liveRows.get(tablet)
  if (known) known.length = tablet.rows.length
}

/** Ends a row at a version; a row of that very version was never seen and goes at once. */
export function endRow(tablet: LabTablet, row: LabRow, version: bigint): void {
  if (row.since >= version) tablet.rows.splice(tablet.rows.indexOf(row), 1)
  else row.until = version
  forgetLiveRows(tablet)
}

function aggregate(columns: readonly LabColumn[], former: readonly LabValue[], added: readonly LabValue[]): LabValue[] {
  return columns.map((column, i) => {
    const a = former[i] ?? null
    const b = added[i] ?? null
    if (column.key) return a
    const rule = (column.aggregation ?? 'REPLACE').toUpperCase()
    if (rule === 'REPLACE') return b
    if (a === null || b === null) return a ?? b
    if (rule === 'SUM') return sum(column.type, a, b)
    const later = compareValues(column.type, a, b) < 0
    if (rule === 'MIN') return later ? a : b
    if (rule === 'MAX') return later ? b : a
    return b
  })
}

function sum(type: string, a: LabValue, b: LabValue): LabValue {
  if (/^(float|double)/i.test(type)) return Number(a) + Number(b)
  const [left = '0', fraction = ''] = String(a).split('.')
  const [right = '0', other = ''] = String(b).split('.')
  const scale = Math.max(fraction.length, other.length)
  const total = BigInt(left + fraction.padEnd(scale, '0')) + BigInt(right + other.padEnd(scale, '0'))
  if (scale === 0) return /^(tinyint|smallint|int\b|int\()/i.test(type) ? Number(total) : total.toString()
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, '0')
  return `${total < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
