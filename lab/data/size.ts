import type { LabPhysicalPartition, LabTable } from '../model.ts'
import { baseIndex } from './route.ts'

const BYTES_PER_VALUE = 8

/** Bytes of one replica set of a physical partition: what SHOW PARTITIONS calls DataSize. */
export function partitionBytes(table: LabTable, physical: LabPhysicalPartition): number {
  let values = 0
  for (const tablet of physical.tablets.get(baseIndex(table).id) ?? []) {
    for (const row of tablet.rows) if (row.until === undefined) values += row.values.length
  }
  return values * BYTES_PER_VALUE + (physical.extraBytes ?? 0)
}

/** Bytes of one replica set of a table. */
export function tableBytes(table: LabTable): number {
  let bytes = 0
  for (const partition of table.partitions)
    for (const physical of partition.physical) bytes += partitionBytes(table, physical)
  return bytes
}
