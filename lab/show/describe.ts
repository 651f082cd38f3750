import type { LabColumn, LabObject, LabTable } from '../model.ts'
import type { LabCell, LabResult, LabSqlContext } from '../sql/context.ts'
import { describedType } from '../sql/data-type.ts'
import { byName } from './format.ts'
import { inHashOrder } from './partition-order.ts'

/** Columns of anything that DESC and SHOW COLUMNS can show. */
export const columnsOf = (object: LabObject): LabColumn[] => {
  if (object.kind === 'table') return object.indexes[0]?.columns ?? []
  if (object.kind === 'external-table') return object.columns
  return object.schema
}

export const defaultCell = (column: LabColumn): LabCell => {
  if (column.default?.kind === 'literal' || column.default?.kind === 'expression') return column.default.value
  // Columns of synchronous materialized views have no default of their own.
  return /^(hll|bitmap)$/.test(column.type) && !column.name.startsWith('mv_') ? '\u0000' : null
}

const extraOf = (table: LabTable | undefined, column: LabColumn): string => {
  const extra: string[] = []
  if (column.default?.kind === 'expression') extra.push('DEFAULT_GENERATED')
  const bloom = table?.properties.get('bloom_filter_columns')?.split(', ') ?? []
  if (bloom.some((name) => name.toLowerCase() === column.name.toLowerCase())) extra.push('BLOOM_FILTER')
  return extra.join(',')
}

const row = (context: LabSqlContext, table: LabTable | undefined, column: LabColumn): Record<string, LabCell> => ({
  Field: column.name,
  Type: describedType(column.type),
  Null: column.nullable ? 'YES' : 'NO',
  Key: String(column.key),
  Default: defaultCell(column),
  // Of a shared-data cluster's tables only DESC … ALL tells which columns have bloom filters.
  Extra: extraOf(context.state.runMode === 'shared_data' ? undefined : table, column),
})

const visible = (context: LabSqlContext, columns: readonly LabColumn[]): LabColumn[] =>
  columns.filter((c) => !(c.hidden && context.profile.atLeast('4.1')))

/** DESC t, SHOW COLUMNS FROM t. */
export const describe = (context: LabSqlContext, object: LabObject): LabResult => {
  const table = object.kind === 'table' ? object : undefined
  return byName(
    context,
    'describe',
    visible(context, columnsOf(object)).map((c) => row(context, table, c)),
  )
}

/** Columns of one index, as PROC …/index_schema/<id> lists them. */
export const describeIndex = (context: LabSqlContext, table: LabTable, columns: readonly LabColumn[]): LabResult =>
  byName(
    context,
    'describe',
    visible(context, columns).map((c) => row(context, table, c)),
  )

/** What the base table does with a column; a value column that is a key of a rollup keeps its NONE. */
const aggregationOf = (table: LabTable, column: LabColumn): string => {
  const own = table.indexes[0]?.columns.find((c) => c.name === column.name)
  if ((own?.key ?? true) && column.key) return ''
  if (column.aggregation !== undefined) return column.aggregation
  return table.keysType === 'UNIQUE_KEYS' || table.keysType === 'PRIMARY_KEYS' ? 'REPLACE' : 'NONE'
}

/** DESC t ALL: every index, an empty line between two. */
export const describeAll = (context: LabSqlContext, table: LabTable): LabResult => {
  const rows: Record<string, LabCell>[] = []
  const [base, ...others] = table.indexes
  const ordered = [...(base ? [base] : []), ...inHashOrder(others, (i) => i.id)]
  ordered.forEach((index, i) => {
    if (i > 0)
      rows.push({ IndexName: '', IndexKeysType: '', Field: '', Type: '', Null: '', Key: '', Default: '', Extra: '' })
    index.columns.forEach((column, at) => {
      const extra = extraOf(table, column)
      const plainRollup = index.definition === undefined && table.keysType === 'DUP_KEYS'
      const aggregation = i > 0 && column.key && !plainRollup ? '' : aggregationOf(table, column)
      rows.push({
        ...row(context, table, column),
        IndexName: at === 0 ? index.name : '',
        IndexKeysType: at === 0 ? index.keysType : '',
        Extra: [aggregation, extra].filter((e) => e !== '').join(','),
      })
    })
  })
  return byName(context, 'describe-all', rows)
}

/** SHOW FULL COLUMNS FROM t. */
export const fullColumns = (context: LabSqlContext, object: LabObject): LabResult => {
  const table = object.kind === 'table' ? object : undefined
  return byName(
    context,
    'full-columns',
    visible(context, columnsOf(object)).map((c) => ({
      ...row(context, table, c),
      Collation: /^(varchar|char)/.test(c.type) ? 'utf8_general_ci' : '',
      Key: c.key ? 'YES' : 'NO',
      Extra: '',
      Privileges: '',
      Comment: c.comment.replaceAll('\\', '\\\\').replaceAll('"', '\\"'),
    })),
  )
}
