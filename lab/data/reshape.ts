import type { LabColumn, LabState, LabTable, LabValue } from '../model.ts'
import { evaluate, parseExpression } from './expression.ts'
import { baseIndex, columnPositions } from './route.ts'
import { defaultValue } from './row-builder.ts'
import { forgetLiveRows } from './tablet.ts'
import { normalizeValue } from './values.ts'

/**
 * Gives every row of a table the shape of new columns, matched by name; `renamed` maps a new name to its former one.
 * Call it before the base index takes the new columns. A column without former values takes its default.
 */
export function reshapeRows(
  state: LabState,
  table: LabTable,
  columns: readonly LabColumn[],
  renamed: ReadonlyMap<string, string> = new Map(),
): void {
  const base = baseIndex(table)
  const reshape = rowReshaper(base.columns, columns, state.now(), renamed)
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      for (const tablet of physical.tablets.get(base.id) ?? []) {
        for (const row of tablet.rows) row.values = reshape(row.values)
        forgetLiveRows(tablet)
      }
    }
  }
}

/**
 * Translates rows from one list of columns to another by name. What the source lacks becomes the default, or NULL, without a word:
 * so a backend reads files that lack a column.
 */
export function rowReshaper(
  from: readonly LabColumn[],
  to: readonly LabColumn[],
  nowMs: number,
  renamed: ReadonlyMap<string, string> = new Map(),
): (values: readonly LabValue[]) => LabValue[] {
  const positions = columnPositions(from)
  const added = columnPositions(to)
  return (values) => {
    const row = to.map((column) => {
      const at = positions.get((renamed.get(column.name) ?? column.name).toLowerCase())
      if (at !== undefined) return cast(column, values[at] ?? null)
      return column.generated ? null : missingValue(column, nowMs)
    })
    to.forEach((column, i) => {
      if (!column.generated || positions.has((renamed.get(column.name) ?? column.name).toLowerCase())) return
      const context = { column: (name: string) => row[added.get(name.toLowerCase()) ?? -1] ?? null, nowMs }
      row[i] = cast(column, evaluate(parseExpression(column.generated), context))
    })
    return row
  }
}

function cast(column: LabColumn, value: LabValue): LabValue {
  try {
    return normalizeValue(column.type, value)
  } catch {
    return null
  }
}

function missingValue(column: LabColumn, nowMs: number): LabValue {
  try {
    return defaultValue(column, nowMs)
  } catch {
    return null
  }
}
