import type { Partitioning, PartitionValues, Table } from './model.ts'
import { readListText, readRangeText } from './partition-text.ts'
import { DdlReadError } from './scanner.ts'

/** A partition as SHOW PARTITIONS tells it. */
export interface SourcePartition {
  readonly name: string
  /** Undefined for the only partition of a table without partitioning. */
  readonly values?: PartitionValues
  readonly buckets: number
  readonly replicationNum?: number
  /** Column names, or undefined for random distribution. */
  readonly distributionKey?: readonly string[]
  readonly storageMedium?: string
}

export type PartitionRow = Readonly<Record<string, string | null | undefined>>

/** How many values a tuple of the table's partitions has; 0 without partitioning. */
export function partitionWidth(partitioning: Partitioning): number {
  switch (partitioning.kind) {
    case 'none':
      return 0
    case 'range':
    case 'list':
      return partitioning.columns.length
    case 'automatic-list':
      return partitioning.terms.length
    default:
      return 1
  }
}

/**
 * Reads a row of SHOW PARTITIONS (by column name: PartitionName, Range or List, Buckets, ReplicationNum, DistributionKey). A table with
 * several physical partitions in one shows the name in several rows; callers look for that. Throws DdlReadError.
 */
export function readPartitionRow(table: Pick<Table, 'partitioning'>, row: PartitionRow): SourcePartition {
  const name = row.PartitionName ?? ''
  const buckets = Number(row.Buckets)
  if (!Number.isInteger(buckets) || buckets < 1)
    throw new DdlReadError(`partition ${name} has no bucket number`, row.Buckets ?? '', 0)
  const replicationNum = row.ReplicationNum ? Number(row.ReplicationNum) : undefined
  const key = row.DistributionKey ?? ''
  return {
    name,
    values: readValues(table.partitioning, row),
    buckets,
    replicationNum,
    distributionKey:
      key === '' || /ALL KEY|RANDOM/i.test(key) ? undefined : key.split(',').map((column) => column.trim()),
    storageMedium: row.StorageMedium ?? undefined,
  }
}

function readValues(partitioning: Partitioning, row: PartitionRow): PartitionValues | undefined {
  if (partitioning.kind === 'none') return undefined
  const isList = partitioning.kind === 'list' || partitioning.kind === 'automatic-list'
  const text = isList ? row.List : row.Range
  if (typeof text !== 'string')
    throw new DdlReadError(`SHOW PARTITIONS has no ${isList ? 'List' : 'Range'} column`, '', 0)
  return isList ? readListText(text, partitionWidth(partitioning)) : readRangeText(text)
}

/** One text for equal values, whatever version printed them. */
export function canonicalValues(values: PartitionValues | undefined): string {
  if (!values) return ''
  if (values.kind === 'range') {
    const bound = (side: typeof values.lower) => side.map((part) => (part.kind === 'max' ? null : part.text))
    return JSON.stringify([bound(values.lower), bound(values.upper)])
  }
  // NULL and 'NULL' print alike on both sides; the order of values within a partition is part of its text.
  return JSON.stringify(values.tuples.map((tuple) => tuple.map((value) => value ?? 'NULL')))
}

export interface PartitionComparison {
  readonly missing: readonly string[]
  readonly targetOnly: readonly string[]
  /** Of the same name, but with other values or another bucket number. */
  readonly different: readonly { name: string; reason: string }[]
}

/**
 * Compares partitions by name, values and bucket number, as read back from the target. `names` maps a source partition's name where the
 * target's differs: the only partition of a renamed table without partitioning.
 */
export function comparePartitions(
  source: readonly SourcePartition[],
  target: readonly SourcePartition[],
  names: (name: string) => string = (name) => name,
): PartitionComparison {
  const onTarget = new Map(target.map((partition) => [partition.name, partition]))
  const missing: string[] = []
  const different: { name: string; reason: string }[] = []
  for (const partition of source) {
    const twin = onTarget.get(names(partition.name))
    if (!twin) {
      missing.push(partition.name)
      continue
    }
    onTarget.delete(twin.name)
    const values = [canonicalValues(partition.values), canonicalValues(twin.values)]
    if (values[0] !== values[1])
      different.push({ name: partition.name, reason: `values are ${values[1]} instead of ${values[0]}` })
    else if (partition.buckets !== twin.buckets) {
      different.push({ name: partition.name, reason: `it has ${twin.buckets} buckets instead of ${partition.buckets}` })
    }
  }
  return { missing, targetOnly: [...onTarget.keys()], different }
}
