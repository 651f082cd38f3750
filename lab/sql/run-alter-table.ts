import type { LabDatabase, LabState, LabTable } from '../model.ts'
import type { AlterClause } from './alter-clauses.ts'
import { alterColumns, rebuildTablets } from './alter-columns.ts'
import { alterPartitions } from './alter-partitions.ts'
import { addRollups, dropRollups } from './alter-rollups.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, tableNotFound } from './errors.ts'
import { onObject } from './has-privilege.ts'
import { optimizeTable } from './optimize-table.ts'
import { parseAlterTable } from './parse-alter-table.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase } from './resolve.ts'
import { makeSecondaryIndex } from './secondary-index.ts'
import { setProperties } from './set-properties.ts'
import { deactivateReaders } from './view-activity.ts'

/** ALTER TABLE; both words read. */
export const runAlterTable = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const { target, clauses } = parseAlterTable(cursor, context.profile.version)
  const dbName = databaseName(session, target)
  const database = findDatabase(context.state, dbName)
  const object = database.objects.get(target.name)
  if (!object) throw tableNotFound(context.profile.version === '3.1' ? `${dbName}.${target.name}` : target.name)
  demand(session, ['ALTER'], `TABLE ${target.name}`, onObject(database, object))
  if (object.kind !== 'table') {
    if (object.kind === 'view') throw analysisFailure(`The specified table [${target.name}] is not a table`)
    throw analysisFailure(`Alter table on ${object.kind} ${target.name} is not supported`)
  }
  const before = object.indexes[0]?.schemaVersion ?? 0
  const others = context.jobs.length
  for (const clause of clauses) alter(context, database, object, clause)
  makeOneChange(context, object, before, others)
  return done()
}

/** Clauses of columns in one statement are one change, however many: one job, and one SchemaVersion. */
const makeOneChange = ({ jobs }: LabSqlContext, table: LabTable, before: number, others: number): void => {
  const [base] = table.indexes
  if (!base || base.schemaVersion <= before + 1) return
  base.schemaVersion = before + 1
  const last = jobs.splice(others).at(-1)
  if (last) jobs.push({ ...last, schemaVersion: `${base.schemaVersion}:${base.schemaHash}` })
}

/** A table stays as it is while a restore works on it. */
export const restoring = (table: LabTable) =>
  failure(
    `A snapshot restore operation is in progress on the table "${table.name}". Please wait until the current operation completes.\nTo check the status of the operation, see https://docs.starrocks.io/en-us/latest/sql-reference/sql-statements/data-manipulation/SHOW%20RESTORE`,
  )

const stateful = new Set([
  'add-column',
  'drop-column',
  'modify-column',
  'order-by',
  'optimize',
  'add-partition',
  'add-partitions',
])

const alter = (context: LabSqlContext, database: LabDatabase, table: LabTable, clause: AlterClause): void => {
  if (table.state === 'RESTORE') throw restoring(table)
  if (table.state !== 'NORMAL' && stateful.has(clause.kind)) {
    throw failure(`Table [${table.name}]'s state is ${table.state}. Do not allow doing ALTER ops`)
  }
  switch (clause.kind) {
    case 'add-partition':
    case 'add-partitions':
    case 'drop-partition':
    case 'replace-partition':
    case 'truncate-partition':
    case 'modify-partition':
    case 'rename-partition':
      alterPartitions(context, table, clause)
      return
    case 'add-column':
    case 'drop-column':
    case 'modify-column':
    case 'modify-column-comment':
    case 'rename-column':
    case 'order-by':
      alterColumns(context, database, table, clause)
      return
    case 'add-rollup':
      addRollups(context, database, table, clause.rollups)
      return
    case 'drop-rollup':
      dropRollups(table, clause.names)
      return
    case 'rename-rollup': {
      const index = table.indexes.find((i) => i.name === clause.from)
      if (!index) throw failure(`Rollup index[${clause.from}] does not exists`)
      index.name = clause.to
      return
    }
    case 'rename-table':
      renameTable(context.state, database, table, clause.name)
      return
    case 'swap':
      swapTables(context.state, database, table, clause.with)
      return
    case 'set':
      setProperties(context, table, clause.properties)
      if (clause.properties.some(([key]) => key.startsWith('bloom_filter_'))) rebuildTablets(context, database, table)
      return
    case 'comment':
      table.comment = clause.comment
      return
    case 'optimize':
      optimizeTable(context, database, table, clause)
      return
    case 'auto-increment':
      table.nextAutoIncrement = BigInt(clause.value)
      return
    case 'add-index':
      table.secondaryIndexes.push(makeSecondaryIndex(context, clause, table.indexes[0]?.columns ?? []))
      rebuildTablets(context, database, table)
      return
    case 'drop-index':
      if (!table.secondaryIndexes.some((i) => i.name === clause.name))
        throw failure(`index ${clause.name} does not exist`)
      table.secondaryIndexes = table.secondaryIndexes.filter((i) => i.name !== clause.name)
      rebuildTablets(context, database, table)
  }
}

/** The base index, and the partition of an unpartitioned table, bear the table's name. */
const giveName = (table: LabTable, name: string): void => {
  const [base] = table.indexes
  if (base) base.name = name
  if (table.partitioning.kind === 'none')
    for (const partition of table.partitions) if (!partition.temporary) partition.name = name
  table.name = name
}

const renameTable = (state: LabState, database: LabDatabase, table: LabTable, name: string): void => {
  if (database.objects.has(name)) throw failure(`Table name[${name}] is already used`)
  const former = table.name
  database.objects.delete(former)
  giveName(table, name)
  database.objects.set(name, table)
  deactivateReaders(state, table.id, `base-table renamed: ${former}`)
}

/** Tables exchange their names; whatever goes by id (grants, colocation, readers) goes with them. */
const swapTables = (state: LabState, database: LabDatabase, table: LabTable, name: string): void => {
  const other = database.objects.get(name)
  if (other?.kind !== 'table') throw failure(`Table ${name} does not exist or is not OLAP/LAKE table`)
  const taken = [table, other].find((one, i) =>
    one.indexes.some((index) => index.name === (i === 0 ? name : table.name)),
  )
  if (taken) throw failure(`New name conflicts with rollup index name: ${taken === table ? name : table.name}`)
  const own = table.name
  // The scheduler remembers tables by name.
  const scheduled = [table.scheduledMs, other.scheduledMs]
  delete table.scheduledMs
  delete other.scheduledMs
  if (scheduled[0] !== undefined) other.scheduledMs = scheduled[0]
  if (scheduled[1] !== undefined) table.scheduledMs = scheduled[1]
  giveName(table, name)
  giveName(other, own)
  database.objects.set(own, other)
  database.objects.set(name, table)
  deactivateReaders(state, table.id, `base-table swapped: ${name}`)
  deactivateReaders(state, other.id, `base-table swapped: ${own}`)
}
