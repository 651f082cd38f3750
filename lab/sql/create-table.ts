import { partitionTypes } from '../data/index.ts'
import type { LabColumn, LabDatabase, LabIndexMeta, LabTable } from '../model.ts'
import { makePartition, planPartition } from './add-partition.ts'
import { automaticBuckets } from './automatic-buckets.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import { checkColumnRules, checkTableRules } from './create-table-checks.ts'
import { defaultVolume } from './default-volume.ts'
import { applyDynamicPartitions } from './dynamic-partition.ts'
import { analysisFailure, failure, syntaxFailure } from './errors.ts'
import { createExternalTable } from './external-table.ts'
import { keysOf, makeColumn } from './make-columns.ts'
import { expandBatch } from './partition-batch.ts'
import { automaticUnit, resolvePartitioning } from './partitioning.ts'
import { resolveDatabase } from './resolve.ts'
import { makeRollup } from './rollup.ts'
import { schemaHash, shortKeyColumnCount } from './schema-hash.ts'
import { makeSecondaryIndex } from './secondary-index.ts'
import type { CreateTable, PartitionDefinition } from './statements.ts'
import { checkKnown, tableProperties } from './table-properties.ts'

export const tableExists = (name: string) => analysisFailure(`Table '${name}' already exists`, 1050, '42S01')

/** CREATE TABLE; CREATE TABLE … LIKE and AS SELECT come here with their columns filled in. */
export const createTable = (context: LabSqlContext, session: LabSession, statement: CreateTable): LabResult => {
  const { state, profile } = context
  const database = resolveDatabase(context, session, statement.target)
  if (database.objects.has(statement.target.name)) {
    if (statement.ifNotExists) return done()
    throw tableExists(statement.target.name)
  }
  if (statement.engine !== 'OLAP') return createExternalTable(context, database, statement)
  checkTableRules(context, statement)
  const keys = keysOf(statement)
  const columns = statement.columns.map((definition) => {
    const key = keys.columns.some((name) => name.toLowerCase() === definition.name.toLowerCase())
    return makeColumn(profile, definition, key)
  })
  if (keys.type === 'PRIMARY_KEYS') {
    for (const column of columns) if (column.key && column.nullable) column.nullable = false
  }
  checkColumnRules(profile, columns, keys)
  const { partitioning, hidden } = resolvePartitioning(profile, statement.partition, columns)
  if ((partitioning.kind === 'list' || partitioning.kind === 'automatic-list') && profile.version === '3.1') {
    const nullable = columns.find((c) => c.nullable && partitioning.columns.includes(c.name))
    if (nullable) {
      throw analysisFailure(
        `The list partition column does not support allow null currently, column:[${nullable.name}] should be set to not null.`,
      )
    }
  }
  const all: LabColumn[] = [...columns, ...hidden]
  const distribution =
    statement.distribution ?? (keys.type === 'DUP_KEYS' ? { kind: 'random' as const, columns: [] } : undefined)
  if (!distribution) {
    if (keys.type !== 'PRIMARY_KEYS' && keys.type !== 'UNIQUE_KEYS' && keys.type !== 'AGG_KEYS')
      throw failure('No distribution')
  }
  const spread = distribution ?? { kind: 'hash' as const, columns: keys.columns }
  const distributionColumns = spread.columns.map((name) => {
    const found = columns.find((c) => c.name.toLowerCase() === name.toLowerCase())
    if (!found) throw failure(`Distribution column(${name}) doesn't exist`)
    return found.name
  })
  checkKnown(profile, statement.properties)
  const buckets = spread.buckets ?? 0
  const properties = tableProperties(profile, statement.properties, {
    keysType: keys.type,
    random: spread.kind === 'random',
    qualifiedName: `default_catalog.${database.name}.${statement.target.name}`,
    database: database.name,
  })
  if (context.state.runMode === 'shared_data' && !statement.properties.some(([key]) => key === 'storage_volume'))
    properties.set('storage_volume', database.properties.get('storage_volume') ?? defaultVolume(context.state))
  checkForeignKeys(context, statement.target.name, properties.get('foreign_key_constraints') ?? '')
  checkReplication(context, Number(properties.get('replication_num') ?? 1), statement.target.name)
  const sortKey = (statement.orderBy ?? []).map((name) => {
    const found = columns.find((c) => c.name.toLowerCase() === name.toLowerCase())
    if (!found) throw analysisFailure(`Unknown column '${name}' does not exist`)
    return found.name
  })
  const table: LabTable = {
    kind: 'table',
    id: 0n,
    name: statement.target.name,
    state: 'NORMAL',
    engine: 'OLAP',
    comment: statement.comment === '' && state.runMode === 'shared_data' ? 'OLAP' : statement.comment,
    keysType: keys.type,
    keyColumns: keys.columns,
    sortKey,
    partitioning,
    distribution: { kind: spread.kind, columns: distributionColumns, buckets },
    secondaryIndexes: statement.indexes.map((index) => makeSecondaryIndex(context, index, all)),
    properties,
    indexes: [],
    partitions: [],
    createdMs: state.now(),
    nextAutoIncrement: 1n,
  }
  const group = properties.get('colocate_with')
  if (group !== undefined) table.colocateGroup = group
  fill(context, database, table, all, statement)
  database.objects.set(table.name, table)
  applyDynamicPartitions(context, table)
  return done()
}

/** Ids, indexes and partitions, in a frontend's order; nothing is registered yet, so a refusal leaves no trace. */
const fill = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  columns: LabColumn[],
  statement: CreateTable,
): void => {
  const { state } = context
  const base: LabIndexMeta = {
    id: 0n,
    name: table.name,
    columns,
    schemaVersion: 0,
    schemaHash: schemaHash(columns, 0),
    shortKeyColumnCount: shortKeyColumnCount(
      columns.filter((c) => (table.sortKey.length > 0 ? table.sortKey.includes(c.name) : c.key)),
    ),
    keysType: table.keysType,
  }
  table.indexes = [base]
  const definitions = definitionsOf(table, statement)
  checkNullTexts(table, definitions)
  const logical = table.partitioning.kind === 'none' ? [state.nextId()] : definitions.map(() => state.nextId())
  table.id = state.nextId()
  base.id = state.nextId()
  for (const rollup of statement.rollups) table.indexes.push(makeRollup(context, table, rollup, state.nextId()))
  const buckets = table.distribution.buckets || automaticBuckets(context, table)
  const replicationNum = Number(table.properties.get('replication_num') ?? 1)
  const storageMedium = table.properties.get('storage_medium') === 'HDD' ? ('HDD' as const) : ('SSD' as const)
  void database
  if (table.partitioning.kind === 'none') {
    makePartition(context, table, { name: table.name, buckets, replicationNum, storageMedium }, { id: logical[0] })
    return
  }
  definitions.forEach((definition, i) => {
    if (table.partitions.some((p) => p.name === definition.name)) {
      throw analysisFailure(`Duplicated partition name: ${definition.name}`)
    }
    const plan = planPartition(context, table, definition, table.partitions, { buckets, replicationNum })
    checkReplication(context, plan.replicationNum)
    makePartition(context, table, { storageMedium, ...plan }, { id: logical[i] })
  })
}

/** One CREATE cannot hold NULL and the text NULL of a one-column list, though ADD PARTITION can. */
const checkNullTexts = (table: LabTable, definitions: PartitionDefinition[]): void => {
  if (table.partitioning.kind !== 'list' || table.partitioning.columns.length !== 1) return
  const values = definitions.flatMap((d) => (d.item?.kind === 'in' ? d.item.values.map((t) => t[0] ?? null) : []))
  if (values.includes(null) && values.includes('NULL')) throw analysisFailure('Duplicated value NULL')
}

const definitionsOf = (table: LabTable, statement: CreateTable): PartitionDefinition[] => {
  const source = statement.partition?.source
  if (!source) return []
  const { kind } = table.partitioning
  if (kind === 'automatic-list') {
    // Week and quarter tables are list tables: START … END … in their CREATE is ignored without a word.
    const generated = table.partitioning.columns.some((c) => c.startsWith('__generated_partition_column_'))
    if (source.definitions.length > 0 && !generated) {
      throw syntaxFailure('Getting syntax error. Detail message: Does not support creating partitions in advance.')
    }
    return []
  }
  if (kind === 'expression-range') {
    const [first] = source.definitions
    if (first) {
      throw syntaxFailure(
        `Getting syntax error ${first.place}. Detail message: Automatic partition table creation only supports batch create partition syntax.`,
      )
    }
    if (source.batches.length > 0 && table.partitioning.expression?.startsWith('time_slice')) {
      const place = statement.partition?.places[0] ?? ''
      throw syntaxFailure(
        `Getting syntax error ${place}. Detail message: time_slice does not support pre-created partitions.`,
      )
    }
  }
  const kinds = new Set<string>(source.definitions.map((d) => d.item?.kind ?? ''))
  if (source.batches.length > 0) kinds.add('batch')
  if (kinds.size > 1 && kind !== 'list')
    throw analysisFailure('You can only use one of these methods to create partitions')
  const type = partitionTypes(table)[0] ?? ''
  const unit = automaticUnit(table.partitioning)
  const batches = source.batches.flatMap((batch) => expandBatch(batch, { type, automaticUnit: unit, prefix: 'p' }))
  return [
    ...source.definitions,
    ...batches.map(({ name, range }): PartitionDefinition => {
      const upper = range.upper === 'MAXVALUE' ? ['MAXVALUE'] : range.upper
      return { name, ifNotExists: false, item: { kind: 'fixed', lower: range.lower, upper }, properties: [], place: '' }
    }),
  ]
}

/** The tables that foreign keys name must be there. */
const checkForeignKeys = (context: LabSqlContext, tableName: string, constraints: string): void => {
  for (const [, db = '', name = ''] of constraints.matchAll(/REFERENCES default_catalog\.([^.]+)\.([^.(]+)\(/g)) {
    if (context.state.databases.get(db)?.objects.has(name)) continue
    throw failure(
      `processing constraint failed when creating table:${tableName}. exception msg:catalog:default_catalog, database: ${db}, table:${name} do not exist`,
    )
  }
}

/** Refuses more replicas than there are live backends. */
export const checkReplication = (context: LabSqlContext, replicationNum: number, tableName = ''): void => {
  const alive = context.state.nodes.filter((n) => n.alive)
  if (context.state.runMode === 'shared_data' || replicationNum <= alive.length) return
  const ids = alive.map((n) => n.id).join(',')
  if (!context.profile.atLeast('3.3')) {
    throw failure(
      `Table replication num should be less than of equal to the number of available BE nodes. You can change this default by setting the replication_num table properties. Current alive backend is [${ids}]. table=${tableName}, properties.replication_num=${replicationNum}`,
    )
  }
  throw analysisFailure(
    `Table replication num should be less than of equal to the number of available BE nodes. You can change this default by setting the replication_num table properties. Current alive backend is [${ids}].`,
  )
}
