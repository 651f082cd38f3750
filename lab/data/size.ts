import type { LabPhysicalPartition, LabTable } from '../model.ts'
import { countRows } from './scan.ts'

/** Bytes that the lab says a row takes. */
export const bytesPerRow = 100

/** Bytes of one replica set of a physical partition: what SHOW PARTITIONS calls DataSize. */
export function partitionBytes(table: LabTable, physical: LabPhysicalPartition): number {
  return countRows(table, physical) * bytesPerRow + (physical.extraBytes ?? 0)
}

/** Bytes of one replica set of a table. */
export function tableBytes(table: LabTable): number {
  let bytes = 0
  for (const partition of table.partitions)
    for (const physical of partition.physical) bytes += partitionBytes(table, physical)
  return bytes
}
