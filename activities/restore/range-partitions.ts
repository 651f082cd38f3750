import { own } from '../../planning/backup/changes.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { readPartitionRow, writePartitions } from '../../starrocks/ddl/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import { facts } from '../pollers/facts.ts'
import type { RestoreContext } from './restore-context.ts'
import { refusedRestore } from './restore-failures.ts'
import { modelOf } from './verify-tables.ts'

/** Adds range partitions with the record's ranges and bucket numbers. Can be repeated. Errors: Refused for what no statement makes. */
export async function addRangePartitions(
  context: RestoreContext,
  planned: PlannedTable,
  names: readonly string[],
): Promise<void> {
  const { cluster, signal } = context
  const model = modelOf(planned.table)
  if (!model) throw refusedRestore(`The definition of ${planned.name} in the backup’s record cannot be read`)
  const { version, runMode } = await facts(cluster).capabilities()
  const shapes = names.map((name) => {
    const record = own(planned.table.partitions, name)
    return readPartitionRow(model, {
      PartitionName: name,
      Buckets: String(record?.buckets ?? 1),
      Range: record?.value ?? null,
    })
  })
  const plans = writePartitions(model, shapes, {
    target: { version, runMode },
    name: { database: planned.database, name: planned.as },
  })
  for (const { partition, verdict } of plans) {
    if (verdict.how !== 'sql') {
      const reason = 'reason' in verdict ? verdict.reason : 'only a load makes such a partition'
      throw refusedRestore(
        `${planned.as} lacks partition ${partition.name}, and it cannot be added: ${reason}. Load a row into it first, or restore the whole table`,
      )
    }
    try {
      await cluster.execute(verdict.statement, { signal })
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind !== 'AlreadyExists') throw error
    }
  }
}
