import type { LabTable, LabValue } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { analysisFailure } from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import type { Expression } from './expression.ts'

/** Position of a column in the rows of a table. */
export const columnPosition = (table: LabTable, name: string): number => {
  const at = (table.indexes[0]?.columns ?? []).findIndex((c) => c.name.toLowerCase() === name.toLowerCase())
  if (at < 0) throw analysisFailure(`Column '${name}' cannot be resolved`)
  return at
}

/** Tells whether a row fulfils a WHERE clause. */
export const rowMatcher = (
  context: LabSqlContext,
  table: LabTable,
  where: Expression,
): ((row: LabValue[]) => boolean) => {
  const positions = new Map<string, number>()
  const find = (name: string): number => {
    const known = positions.get(name)
    if (known !== undefined) return known
    const at = columnPosition(table, name)
    positions.set(name, at)
    return at
  }
  return (row) => {
    const value = evaluateExpression(where, {
      column: (path) => row[find(path.at(-1) ?? '')] ?? null,
      nowMs: context.state.now(),
    })
    return value !== null && value !== false && value !== 0 && value !== '0'
  }
}
