import type { LabVersion } from '../model.ts'
import { compareCells } from './compare-cells.ts'
import type { LabResult } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import type { Expression } from './expression.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'

export interface ShowFilter {
  where?: Expression
  orderBy: { column: string; descending: boolean }[]
  limit?: number
  offset: number
}

/** `[WHERE …] [ORDER BY …] [LIMIT [o,] n]` behind a SHOW. */
export const parseShowFilter = (cursor: Cursor, version: LabVersion): ShowFilter => {
  const filter: ShowFilter = { orderBy: [], offset: 0 }
  if (cursor.accept('WHERE')) filter.where = parseExpression(cursor, version, parseQuery)
  if (cursor.accept('ORDER', 'BY')) {
    filter.orderBy = cursor.separated(() => {
      const column = cursor.identifier()
      const descending = cursor.accept('DESC')
      if (!descending) cursor.accept('ASC')
      return { column, descending }
    })
  }
  if (cursor.accept('LIMIT')) {
    filter.limit = cursor.integer()
    if (cursor.accept(',')) {
      filter.offset = filter.limit
      filter.limit = cursor.integer()
    } else if (cursor.accept('OFFSET')) filter.offset = cursor.integer()
  }
  return filter
}

/** Applies the filter to rows that a SHOW has collected; columns are found without regard to case. */
export const filterResult = (result: LabResult, filter: ShowFilter): LabResult => {
  const at = (name: string): number => {
    const i = result.columns.findIndex((c) => c.name.toLowerCase() === name.toLowerCase())
    if (i < 0) throw analysisFailure(`Title name[${name}] does not exist`)
    return i
  }
  let rows = result.rows
  const { where } = filter
  if (where) {
    rows = rows.filter((row) => {
      const value = evaluateExpression(where, { column: (path) => row[at(path.at(-1) ?? '')] ?? null })
      return value !== null && value !== '0' && value !== 0 && value !== false
    })
  }
  if (filter.orderBy.length > 0) {
    rows = rows.toSorted((a, b) => {
      for (const { column, descending } of filter.orderBy) {
        const i = at(column)
        const order = compareCells(a[i] ?? null, b[i] ?? null)
        if (order !== 0) return descending ? -order : order
      }
      return 0
    })
  }
  if (filter.limit !== undefined) rows = rows.slice(filter.offset, filter.offset + filter.limit)
  return { ...result, rows }
}
