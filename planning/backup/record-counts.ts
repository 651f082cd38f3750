import type { BackupRecord, PartitionRecord, RecordCounts, TableRecord } from '../../contract/backup/record.ts'
import { own } from './changes.ts'

export interface ToCount {
  name: string
  table: TableRecord
  partitions: ReadonlyMap<string, PartitionRecord>
}

/** What is in a backup's own snapshots and has not been counted: the rest was counted with the backup that took it. */
export function toCount(record: BackupRecord): ToCount[] {
  const first = record.labels.length - record.own
  return Object.entries(record.tables).flatMap(([name, table]) => {
    const partitions = Object.entries(table.partitions).filter(([, { at, rows }]) => at >= first && rows === undefined)
    return partitions.length > 0 ? [{ name, table, partitions: new Map(partitions) }] : []
  })
}

/** The record with the numbers that were counted after it was written. */
export function withCounts(record: BackupRecord, counts: RecordCounts): BackupRecord {
  const tables = Object.entries(record.tables).map(([name, table]) => {
    const counted = own(counts, name)
    if (!counted) return [name, table] as const
    const partitions = Object.entries(table.partitions).map(([partition, one]) => {
      const rows = own(counted, partition)
      return [partition, rows === undefined || one.rows !== undefined ? one : { ...one, rows }] as const
    })
    return [name, { ...table, partitions: Object.fromEntries(partitions) }] as const
  })
  return { ...record, tables: Object.fromEntries(tables) }
}
