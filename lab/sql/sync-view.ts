import type { LabColumn, LabDatabase, LabIndexMeta, LabTable } from '../model.ts'
import { addIndex } from './alter-rollups.ts'
import { chooseKeys } from './choose-keys.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import { analysisFailure, failure } from './errors.ts'
import type { Expression, Query, SelectItem } from './expression.ts'
import { expressionSchema, plainColumn } from './expression-schema.ts'
import { databaseName } from './resolve.ts'
import { schemaHash, shortKeyColumnCount } from './schema-hash.ts'

const aggregates: Record<string, string> = {
  sum: 'SUM',
  min: 'MIN',
  max: 'MAX',
  count: 'SUM',
  bitmap_union: 'BITMAP_UNION',
  bitmap_agg: 'BITMAP_UNION',
  hll_union: 'HLL_UNION',
  percentile_union: 'PERCENTILE_UNION',
}

/** Name of the column that an item becomes: the column itself, `mv_sum_v`, or `mv_<alias>` for other expressions. */
const columnName = (item: SelectItem): string => {
  const { expression, alias } = item
  if (expression.kind === 'column') return expression.path.at(-1) ?? ''
  if (expression.kind === 'call' && aggregates[expression.name] !== undefined) {
    const inner = innermost(expression.args[0])
    return `mv_${expression.name}_${inner ?? ''}`
  }
  return `mv_${alias ?? item.text}`
}

const innermost = (expression: Expression | undefined): string | undefined => {
  if (expression?.kind === 'column') return expression.path.at(-1)
  return expression?.kind === 'call' ? innermost(expression.args[0]) : undefined
}

/** The table that a synchronous materialized view reads. */
export const baseOf = (
  context: LabSqlContext,
  session: LabSession,
  query: Query,
): { database: LabDatabase; table: LabTable } | undefined => {
  if (query.body.kind !== 'select' || query.body.from?.kind !== 'table') return undefined
  const { from } = query.body
  const dbName = databaseName(session, from)
  const database = context.state.databases.get(dbName)
  const table = database?.objects.get(from.name)
  if (!database || table?.kind !== 'table') {
    throw analysisFailure(`Unknown table '${dbName}.${from.name}'`, 5502, '42602')
  }
  return { database, table }
}

/** CREATE MATERIALIZED VIEW without REFRESH: an index of its table. `text` is the statement as typed. */
export const createSyncView = (
  context: LabSqlContext,
  session: LabSession,
  name: string,
  query: Query,
  text: string,
): void => {
  const base = baseOf(context, session, query)
  if (!base || query.body.kind !== 'select') throw analysisFailure('Can not find base table in query statement')
  const { database, table } = base
  if (table.keysType === 'PRIMARY_KEYS')
    throw analysisFailure('Do not support create synchronous materialized view(rollup) on primary key table')
  const taken = [...database.objects.values()].some(
    (o) => o.name === name || (o.kind === 'table' && o.indexes.some((i) => i.name === name)),
  )
  if (taken) throw failure(`Materialized view[${name}] already exists`)
  const { select } = { select: query.body }
  const source = (path: string[]): LabColumn => {
    const found = table.indexes[0]?.columns.find((c) => c.name.toLowerCase() === path.at(-1)?.toLowerCase())
    if (!found) throw analysisFailure(`Column '${path.join('.')}' cannot be resolved`)
    return found
  }
  const grouped = select.groupBy.length > 0
  const columns = select.items.map((item): LabColumn => {
    const { expression } = item
    const aggregate = expression.kind === 'call' ? aggregates[expression.name] : undefined
    const column = plainColumn({ ...expressionSchema(expression, source), name: columnName(item) })
    if (expression.kind === 'column') column.name = source(expression.path).name
    if (aggregate !== undefined) column.aggregation = aggregate
    else if (grouped) column.key = true
    else if (expression.kind === 'column' && table.keysType !== 'DUP_KEYS') {
      const own = source(expression.path)
      column.key = own.key
      if (own.aggregation !== undefined) column.aggregation = own.aggregation
    }
    return column
  })
  if (!grouped && table.keysType === 'DUP_KEYS') chooseKeys(columns)
  const jobId = context.state.nextId()
  const index: LabIndexMeta = {
    id: context.state.nextId(),
    name,
    columns,
    schemaVersion: 0,
    schemaHash: schemaHash(columns, 0),
    shortKeyColumnCount: shortKeyColumnCount(columns.filter((c) => c.key)),
    keysType: grouped ? 'AGG_KEYS' : table.keysType,
    definition: text,
  }
  addIndex(context, database, table, index, jobId)
}
