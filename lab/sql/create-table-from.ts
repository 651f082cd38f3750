import { insertRows } from '../data/index.ts'
import type { LabTable } from '../model.ts'
import { makePartition } from './add-partition.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import { createTable, tableExists } from './create-table.ts'
import { analysisFailure } from './errors.ts'
import { printQuery } from './print-query.ts'
import { resolveDatabase, resolveObject } from './resolve.ts'
import { queryRows } from './run-select.ts'
import type { CreateTable } from './statements.ts'

/** CREATE TABLE … LIKE: the same schema, properties and partitions, with new ids and no rows. Rollups are not taken along. */
export const createTableLike = (context: LabSqlContext, session: LabSession, statement: CreateTable): LabResult => {
  const { state } = context
  const database = resolveDatabase(context, session, statement.target)
  if (database.objects.has(statement.target.name)) {
    if (statement.ifNotExists) return done()
    throw tableExists(statement.target.name)
  }
  const { object } = resolveObject(context, session, statement.like ?? { name: '' })
  if (object.kind !== 'table') throw analysisFailure(`Table of view cannot be created by like statement`)
  const [base] = object.indexes
  if (!base) throw analysisFailure(`Table ${object.name} is not found`)
  const partitions = object.partitions.filter((p) => !p.temporary)
  const logical = partitions.map(() => state.nextId())
  const copy: LabTable = {
    ...structuredClone({ ...object, indexes: [], partitions: [] }),
    id: state.nextId(),
    name: statement.target.name,
    indexes: [],
    partitions: [],
    createdMs: state.now(),
    nextAutoIncrement: 1n,
  }
  // Made from the printed statement: for its backends, columns have their present names and places.
  const columns = structuredClone(base.columns).map(({ stored: _, uniqueId: __, ...column }) => column)
  copy.indexes = [{ ...base, columns, nextUniqueId: undefined, id: state.nextId(), name: copy.name, schemaVersion: 0 }]
  partitions.forEach((partition, i) => {
    const usual = object.distribution.buckets || partition.buckets
    makePartition(
      context,
      copy,
      {
        name: object.partitioning.kind === 'none' ? copy.name : partition.name,
        buckets: usual,
        replicationNum: partition.replicationNum,
        ...(partition.range ? { range: structuredClone(partition.range) } : {}),
        ...(partition.list ? { list: structuredClone(partition.list) } : {}),
      },
      { id: logical[i] },
    )
  })
  database.objects.set(copy.name, copy)
  return done()
}

/** CREATE TABLE … AS SELECT. */
export const createTableAs = (context: LabSqlContext, session: LabSession, statement: CreateTable): LabResult => {
  const query = statement.as
  if (!query) throw analysisFailure('No query')
  const database = resolveDatabase(context, session, statement.target)
  if (database.objects.has(statement.target.name) && !statement.ifNotExists) throw tableExists(statement.target.name)
  const { columns } = printQuery(context, session, query, { withDatabase: true })
  const wide = context.profile.atLeast('3.5') ? 'varchar(1048576)' : 'varchar(65533)'
  createTable(context, session, {
    ...statement,
    as: undefined,
    columns: columns.map((c) => ({
      name: c.name,
      type: c.type.startsWith('varchar') ? wide : c.type,
      nullable: c.nullable,
      autoIncrement: false,
      comment: '',
    })),
  })
  const table = database.objects.get(statement.target.name)
  if (table?.kind !== 'table') return done()
  const { rows } = queryRows(context, session, query)
  if (rows.length > 0)
    insertRows(
      context.state,
      database,
      table,
      columns.map((c) => c.name),
      rows,
    )
  return done(rows.length)
}
