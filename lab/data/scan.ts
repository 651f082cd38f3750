import type { LabPartition, LabPhysicalPartition, LabTable, LabTablet, LabValue } from '../model.ts'
import { baseIndex, bucketOf } from './route.ts'

export interface ScanOptions {
  /** Partition names; all that are not temporary otherwise. */
  partitions?: readonly string[]
  temporary?: boolean
  /** Rows as of this data version instead of the newest. */
  version?: bigint
  /**
   * Values that the WHERE clause demands by equality, by lower-case column name. As on StarRocks, when all distribution
   * columns are among them only their bucket is read: a row that a wrong copy put elsewhere is not found.
   */
  equals?: ReadonlyMap<string, LabValue>
}

/** Rows of a table, values in the order of its columns (hidden ones included), bucket by bucket. */
export function* scanRows(table: LabTable, options: ScanOptions = {}): Generator<LabValue[]> {
  const names = options.partitions && new Set(options.partitions.map((name) => name.toLowerCase()))
  for (const partition of table.partitions) {
    if (partition.temporary !== (options.temporary === true)) continue
    if (names && !names.has(partition.name.toLowerCase())) continue
    yield* scanPartition(table, partition, options)
  }
}

export function* scanPartition(
  table: LabTable,
  partition: LabPartition,
  options: ScanOptions = {},
): Generator<LabValue[]> {
  for (const physical of partition.physical) {
    const tablets = physical.tablets.get(baseIndex(table).id) ?? []
    const version = options.version ?? physical.dataVersion
    for (const tablet of prune(table, tablets, options.equals)) yield* scanTablet(tablet, version)
  }
}

function prune(table: LabTable, tablets: readonly LabTablet[], equals: ScanOptions['equals']): readonly LabTablet[] {
  if (!equals || table.distribution.kind === 'random') return tablets
  const row: LabValue[] = []
  for (const name of table.distribution.columns) {
    const value = equals.get(name.toLowerCase())
    if (value === undefined) return tablets
    row.push(value)
  }
  const positions = new Map(table.distribution.columns.map((name, i) => [name.toLowerCase(), i]))
  const tablet = tablets[bucketOf(table, row, tablets.length, positions)]
  return tablet ? [tablet] : []
}

/** Rows of one tablet that a reader at a data version sees. */
export function* scanTablet(tablet: LabTablet, version: bigint): Generator<LabValue[]> {
  for (const row of tablet.rows) {
    if (row.since <= version && (row.until === undefined || row.until > version)) yield row.values
  }
}

/** Rows now in a physical partition. */
export function countRows(table: LabTable, physical: LabPhysicalPartition): number {
  let count = 0
  for (const tablet of physical.tablets.get(baseIndex(table).id) ?? []) {
    for (const row of tablet.rows) if (row.until === undefined) count++
  }
  return count
}

/** Rows that lie in another bucket than their hash says: only a wrong copy brings them there. */
export function misplacedRows(table: LabTable): number {
  if (table.distribution.kind === 'random') return 0
  let count = 0
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      const tablets = physical.tablets.get(baseIndex(table).id) ?? []
      tablets.forEach((tablet, bucket) => {
        for (const values of scanTablet(tablet, physical.dataVersion)) {
          if (bucketOf(table, values, tablets.length) !== bucket) count++
        }
      })
    }
  }
  return count
}
