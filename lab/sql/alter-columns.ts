import { createTablets, keepHeard, numberColumns, reshapeRows } from '../data/index.ts'
import type { LabColumn, LabDatabase, LabIndexMeta, LabTable } from '../model.ts'
import { columnText } from '../show/create-table-text.ts'
import type { AlterClause, ColumnPlace } from './alter-clauses.ts'
import type { LabSqlContext } from './context.ts'
import { failure } from './errors.ts'
import { makeColumn } from './make-columns.ts'
import { schemaHash, shortKeyColumnCount } from './schema-hash.ts'

type ColumnAlter = Extract<
  AlterClause,
  { kind: 'add-column' | 'drop-column' | 'modify-column' | 'modify-column-comment' | 'rename-column' | 'order-by' }
>

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const base = (table: LabTable): LabIndexMeta => {
  const [index] = table.indexes
  if (!index) throw failure(`Table ${table.name} has no index`)
  return index
}

/** Whether a change of value columns leaves the tablets alone. */
const evolvesFast = (context: LabSqlContext, table: LabTable): boolean =>
  table.properties.get(
    context.state.runMode === 'shared_data' ? 'cloud_native_fast_schema_evolution_v2' : 'fast_schema_evolution',
  ) === 'true'

/** Column clauses of ALTER TABLE. A heavy change gives the index new tablets; ids, versions and epochs of partitions never move. */
export const alterColumns = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  clause: ColumnAlter,
): void => {
  const index = base(table)
  numberColumns(index)
  const find = (name: string): LabColumn => {
    const found = index.columns.find((c) => same(c.name, name))
    if (!found) throw failure(`Column does not exists: ${name}`)
    return found
  }
  switch (clause.kind) {
    case 'rename-column': {
      const column = find(clause.from)
      if (index.columns.some((c) => same(c.name, clause.to))) throw failure(`Column name[${clause.to}] is already used`)
      if (context.profile.atLeast('3.3')) column.stored ??= column.name
      renameColumn(table, column.name, clause.to)
      return
    }
    case 'modify-column-comment':
      find(clause.name).comment = clause.comment
      return
    case 'add-column': {
      let columns = index.columns
      let heavy = !evolvesFast(context, table)
      for (const definition of clause.columns) {
        const exists = columns.find((c) => same(c.name, definition.name))
        if (exists) {
          throw failure(
            context.profile.atLeast('3.3')
              ? `Can not add column which already exists in column id: ${exists.name}, you can remove ${columnText(context.profile, exists)} and try again.`
              : `Can not add column which already exists in base table: ${exists.name}`,
          )
        }
        const column = makeColumn(context.profile, definition, definition.key === true)
        column.uniqueId = index.nextUniqueId ?? columns.length
        index.nextUniqueId = column.uniqueId + 1
        if (column.key || column.generated !== undefined) heavy = true
        columns = inserted(columns, column, clause.place, table)
      }
      change(context, database, table, columns, heavy)
      return
    }
    case 'drop-column': {
      const column = find(clause.name)
      if (table.keysType !== 'DUP_KEYS' && column.key)
        throw failure(`Can not drop key column in ${keyWord(table)} data model table`)
      if (table.partitioning.columns.some((c) => same(c, column.name)))
        throw failure(`Partition column[${column.name}] cannot be dropped`)
      if (table.distribution.columns.some((c) => same(c, column.name)))
        throw failure(`Distribution column[${column.name}] cannot be dropped`)
      const columns = index.columns.filter((c) => c !== column)
      for (const other of table.indexes.slice(1)) {
        if (other.columns.some((c) => same(c.name, column.name)))
          throw failure(`Can not drop column ${column.name}, rollup index ${other.name} has it`)
      }
      if (column.key) table.keyColumns = table.keyColumns.filter((c) => c !== column.name)
      change(context, database, table, columns, column.key || !evolvesFast(context, table))
      return
    }
    case 'modify-column': {
      const column = find(clause.column.name)
      const next = makeColumn(context.profile, clause.column, column.key)
      next.name = column.name
      next.stored = column.stored
      next.uniqueId = column.uniqueId
      if (column.aggregation !== undefined && next.aggregation === undefined) next.aggregation = column.aggregation
      const nothing = next.type === column.type && next.nullable === column.nullable && clause.place === undefined
      const columns = index.columns.map((c) => (c === column ? next : c))
      change(context, database, table, moved(columns, next, clause.place), !nothing)
      return
    }
    case 'order-by': {
      const columns = clause.columns.map(find)
      const rest = index.columns.filter((c) => !columns.includes(c))
      change(context, database, table, [...columns, ...rest], true)
      return
    }
  }
}

const keyWord = (table: LabTable): string =>
  ({ DUP_KEYS: 'Duplicate', UNIQUE_KEYS: 'Unique', AGG_KEYS: 'Agg', PRIMARY_KEYS: 'Primary' })[table.keysType]

const inserted = (
  columns: readonly LabColumn[],
  column: LabColumn,
  place: ColumnPlace,
  table: LabTable,
): LabColumn[] => {
  if (place && 'first' in place) return [column, ...columns]
  const after = place && 'after' in place ? place.after : undefined
  if (after !== undefined) {
    const at = columns.findIndex((c) => same(c.name, after))
    if (at < 0) throw failure(`Column[${after}] does not found`)
    return [...columns.slice(0, at + 1), column, ...columns.slice(at + 1)]
  }
  if (column.key) {
    const keys = columns.filter((c) => c.key).length
    table.keyColumns = [...table.keyColumns, column.name]
    return [...columns.slice(0, keys), column, ...columns.slice(keys)]
  }
  const visible = columns.filter((c) => !c.hidden)
  return [...visible, column, ...columns.filter((c) => c.hidden)]
}

const moved = (columns: LabColumn[], column: LabColumn, place: ColumnPlace): LabColumn[] => {
  if (place === undefined) return columns
  const rest = columns.filter((c) => c !== column)
  if ('first' in place) return [column, ...rest]
  const at = rest.findIndex((c) => same(c.name, place.after))
  if (at < 0) throw failure(`Column[${place.after}] does not found`)
  return [...rest.slice(0, at + 1), column, ...rest.slice(at + 1)]
}

const renameColumn = (table: LabTable, from: string, to: string): void => {
  const rename = (name: string): string => (name === from ? to : name)
  for (const index of table.indexes) for (const column of index.columns) column.name = rename(column.name)
  table.keyColumns = table.keyColumns.map(rename)
  table.sortKey = table.sortKey.map(rename)
  table.distribution.columns = table.distribution.columns.map(rename)
  table.partitioning.columns = table.partitioning.columns.map(rename)
}

/** A change that makes every tablet anew without touching a column: of a bitmap index or a bloom filter. */
export const rebuildTablets = (context: LabSqlContext, database: LabDatabase, table: LabTable): void =>
  change(context, database, table, base(table).columns, true)

/** Gives the base index new columns: with new index and tablet ids when the change is heavy, else only a new schema version. */
const change = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  columns: LabColumn[],
  heavy: boolean,
): void => {
  const { state } = context
  const index = base(table)
  const jobId = state.nextId()
  const before = index.id
  if (!heavy && state.lateSchemas) keepHeard(table, index)
  reshapeRows(state, table, columns)
  index.columns = columns
  index.schemaVersion += 1
  if (heavy) {
    index.schemaHash = schemaHash(columns, index.schemaVersion)
    index.id = state.nextId()
    index.shortKeyColumnCount = shortKeyColumnCount(columns.filter((c) => c.key))
    for (const partition of table.partitions) {
      for (const physical of partition.physical) {
        const old = physical.tablets.get(before) ?? []
        const fresh = createTablets(
          state,
          { buckets: old.length, replicationNum: partition.replicationNum },
          physical.visibleVersion,
        )
        fresh.forEach((tablet, i) => {
          tablet.rows = old[i]?.rows ?? []
        })
        // The base index stays first, whatever its id.
        const others = [...physical.tablets].filter(([id]) => id !== before)
        physical.tablets = new Map([[index.id, fresh], ...others])
      }
    }
  }
  context.jobs.push({
    kind: 'column',
    jobId,
    database: database.name,
    tableName: table.name,
    createdMs: state.now(),
    finishedMs: state.now(),
    indexName: table.name,
    indexId: index.id,
    originIndexId: before,
    schemaVersion: `${index.schemaVersion}:${index.schemaHash}`,
    transactionId: 0n,
    state: 'FINISHED',
    message: '',
    operation: '',
    timeoutSeconds: heavy && context.state.runMode === 'shared_nothing' ? '86400' : '1',
  })
}
