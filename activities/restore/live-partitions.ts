import { own } from '../../planning/backup/changes.ts'
import type { LivePartition } from '../../planning/restore/in-place-partitions.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { canonicalValues, DdlReadError, readPartitionRow, type Table } from '../../starrocks/ddl/index.ts'
import type { PartitionRow } from '../../starrocks/index.ts'
import { modelOf } from './verify-tables.ts'

/** Partitions of the live table as they are compared with what is restored over them. */
export function livePartitions({ table }: Pick<PlannedTable, 'table'>, rows: readonly PartitionRow[]): LivePartition[] {
  const model = modelOf(table)
  const seen = new Set<string>()
  return rows.flatMap((row): LivePartition[] => {
    if (seen.has(row.name)) return []
    seen.add(row.name)
    const recorded = own(table.partitions, row.name)?.value
    const other =
      model !== undefined &&
      recorded !== undefined &&
      textOf(model, row, recorded) !== textOf(model, row, row.rangeText ?? row.listText)
    return [
      {
        name: row.name,
        buckets: row.buckets,
        replication: row.replicationNum,
        ...(other
          ? { otherValues: `has other ${row.listText === undefined ? 'bounds' : 'values'} than at the backup` }
          : {}),
      },
    ]
  })
}

/** One text for equal values, whichever version printed them. */
function textOf(model: Table, row: PartitionRow, value: string | undefined): string {
  const column = row.listText === undefined ? 'Range' : 'List'
  try {
    return canonicalValues(readPartitionRow(model, { PartitionName: row.name, Buckets: '1', [column]: value }).values)
  } catch (error) {
    if (error instanceof DdlReadError) return value ?? ''
    throw error
  }
}
