import { partitionTypes } from '../data/index.ts'
import type { LabDatabase, LabPartition, LabTable, LabVersion } from '../model.ts'
import { compareEnds } from '../sql/partition-range.ts'
import { commonError, JobFailure } from './job-failure.ts'
import type { RestoreSelection } from './restore-selection.ts'
import { isAutomaticTable, shadowName } from './shadow-partition.ts'
import type { SnapshotMeta } from './snapshot-meta.ts'

/** A job that trips over an object of another kind: no error ends it, its daemon stumbles over it every round. */
export class DaemonTrips extends Error {
  override readonly name = 'DaemonTrips'
}

/**
 * Tables that are there already must be free for a restore before anything is looked at.
 * @throws JobFailure, DaemonTrips
 */
export const checkStates = (
  version: LabVersion,
  database: LabDatabase,
  selection: RestoreSelection,
  meta: SnapshotMeta,
): LabTable[] => {
  const tables: LabTable[] = []
  for (const { name, alias } of selection.objects) {
    if (meta.tblNameMap.get(name)?.kind !== 'table') continue
    const existing = database.objects.get(alias)
    if (!existing) continue
    if (existing.kind !== 'table' && (version === '3.1' || version === '3.3'))
      throw commonError(`Only support restore OLAP table: ${alias}`)
    if (existing.kind !== 'table') throw new DaemonTrips(`${existing.kind} ${alias} cannot be cast to class OlapTable`)
    if (existing.state !== 'NORMAL') throw commonError(`Table ${alias}'s state is not NORMAL: ${existing.state}`)
    if (existing.partitions.some((partition) => partition.temporary))
      throw commonError('Do not support restoring table with temp partitions')
    tables.push(existing)
  }
  return tables
}

/** Whether a table of a snapshot fits the one that is there. @throws JobFailure with the first difference */
export const checkTable = (
  existing: LabTable,
  wanted: LabTable,
  partitions: readonly string[],
  replicationNum: number,
): void => {
  const signature = signatureDifference(existing, wanted)
  if (signature !== undefined)
    throw commonError(`Table ${existing.name} already exist but with different schema, errMsg: ${signature}`)
  if (existing.keysType !== wanted.keysType)
    throw commonError(`Table ${existing.name} already exist but with different key type`)
  checkColumns(existing, wanted)
  if (isPartitioned(existing) !== isPartitioned(wanted) || isList(existing) !== isList(wanted))
    throw commonError("Table's partition type is different")
  for (const name of partitions) {
    const own = partitionNamed(existing, name)
    const theirs = wanted.partitions.find((partition) => partition.name === name)
    if (!theirs) continue
    if (own) checkPartition(existing, own, theirs, replicationNum)
    else checkNewPartition(existing, theirs)
  }
}

const isList = (table: LabTable): boolean => /list/.test(table.partitioning.kind)

const isPartitioned = (table: LabTable): boolean => table.partitioning.kind !== 'none'

export const partitionNamed = (table: LabTable, name: string): LabPartition | undefined => {
  if (name === shadowName && table.shadow !== 'missing') return table.shadow
  return table.partitions.find((partition) => !partition.temporary && partition.name === name)
}

/** The checksum of a table's shape; some differences have words of their own, others an empty text. */
const signatureDifference = (existing: LabTable, wanted: LabTable): string | undefined => {
  if (existing.name !== wanted.name) return 'Table name is inconsistent'
  const shape = (table: LabTable): string =>
    JSON.stringify(
      table.indexes
        .map((index) => [index.name, index.shortKeyColumnCount, index.columns.map((column) => column.name)])
        .toSorted(),
    )
  if (shape(existing) !== shape(wanted)) return ''
  if (bloomFilter(existing) !== bloomFilter(wanted)) return 'bloom filter is inconsistent'
  if (isPartitioned(existing) !== isPartitioned(wanted)) return undefined
  for (const theirs of wanted.partitions) {
    const own = partitionNamed(existing, theirs.name)
    if (!own) continue
    if (existing.distribution.columns.join() !== wanted.distribution.columns.join())
      return 'partition distribution col hash is inconsistent'
    if (own.buckets !== theirs.buckets) return 'bucket num is inconsistent'
  }
  return undefined
}

const bloomFilter = (table: LabTable): string => table.properties.get('bloom_filter_columns') ?? ''

const checkColumns = (existing: LabTable, wanted: LabTable): void => {
  existing.indexes.forEach((index, i) => {
    const theirs = wanted.indexes.find((one) => one.name === index.name) ?? wanted.indexes[i]
    index.columns.forEach((column, at) => {
      const other = theirs?.columns[at]
      if (!other) return
      const form = (one: typeof column): string =>
        JSON.stringify([one.type, one.nullable, one.key, one.aggregation ?? '', one.default ?? null])
      if (form(column) === form(other)) return
      throw commonError(
        `Table ${existing.name} already exist but with different schema, column: ${column.name} in existed table is different from the column in backup snapshot, column: ${other.name}`,
      )
    })
  })
}

const checkPartition = (table: LabTable, own: LabPartition, theirs: LabPartition, replicationNum: number): void => {
  if (own.range && theirs.range && !sameRange(table, own.range, theirs.range))
    throw commonError(`Partition ${own.name} in table ${table.name} has different range with partition in repository`)
  if (own.replicationNum !== replicationNum && own.name !== shadowName)
    throw commonError(
      `Partition ${own.name} in table ${table.name} has different replication num '${own.replicationNum}' with partition in repository, which is ${replicationNum}`,
    )
  if (theirs.physical.length > 1)
    throw commonError(`Partition ${own.name} in table ${table.name} is automatic bucket partition, can not be restored`)
}

/** Only ranges can be added. Values of lists are not compared at all. */
const checkNewPartition = (table: LabTable, theirs: LabPartition): void => {
  if (theirs.name === shadowName && isAutomaticTable(table) && !isList(table)) return
  if (!theirs.range || isList(table) || !isPartitioned(table))
    throw commonError(`No partition exist in single partitioned table ${table.name}`)
  const types = partitionTypes(table)
  const { range } = theirs
  const overlaps = table.partitions.some(
    (own) =>
      own.range !== undefined &&
      compareEnds(types, own.range.lower, range.upper) < 0 &&
      compareEnds(types, range.lower, own.range.upper) < 0,
  )
  if (overlaps)
    throw commonError(`Partition ${theirs.name} in table ${table.name} has conflict range with existing ranges`)
}

const sameRange = (
  table: LabTable,
  a: NonNullable<LabPartition['range']>,
  b: NonNullable<LabPartition['range']>,
): boolean => {
  const types = partitionTypes(table)
  return compareEnds(types, a.lower, b.lower) === 0 && compareEnds(types, a.upper, b.upper) === 0
}

/** Views take the place of views only. @throws JobFailure */
export const checkView = (database: LabDatabase, alias: string): void => {
  const existing = database.objects.get(alias)
  if (existing && existing.kind !== 'view')
    throw new JobFailure('BAD_REPLACE', `Table: ${alias} has existed and it is not a View`)
}
