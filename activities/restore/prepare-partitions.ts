import { own } from '../../planning/backup/changes.ts'
import type { PartOfTable } from '../../planning/restore/restore-steps.ts'
import {
  type NullMeaning,
  nullKey,
  readPartitionRow,
  type SourcePartition,
  type Table,
  writePartitions,
} from '../../starrocks/ddl/index.ts'
import { listPartitions, StarRocksError } from '../../starrocks/index.ts'
import { facts } from '../pollers/facts.ts'
import type { RestoreContext } from './restore-context.ts'
import { refusedRestore } from './restore-failures.ts'
import { modelOf } from './verify-tables.ts'

/**
 * Adds the list partitions that the next RESTORE fills and that are not there: with the record's values, since RESTORE compares no list values and keeps
 * those that it finds, and with the same number of buckets. Can be repeated.
 */
export async function addListPartitions(context: RestoreContext, { planned, part }: PartOfTable): Promise<void> {
  const { cluster, signal } = context
  const { database, as, table } = planned
  const model = modelOf(table)
  if (!model)
    throw refusedRestore(
      `The definition of ${planned.name} in the backup’s record cannot be read, so its list partitions cannot be made`,
    )
  const there = new Set((await listPartitions(cluster, database, as, { signal })).map(({ name }) => name))
  const missing = part.names.filter((name) => !there.has(name))
  if (missing.length === 0) return
  const { nulls, shapes } = shapesOf(context, model, planned, missing, part.replication)
  const { version, runMode } = await facts(cluster).capabilities()
  const plans = writePartitions(model, shapes, {
    target: { version, runMode },
    name: { database, name: as },
    placement: undefined,
    nulls,
  })
  for (const { partition, verdict } of plans) {
    if (verdict.how !== 'sql') {
      const reason = 'reason' in verdict ? verdict.reason : 'only a load makes such a partition'
      throw refusedRestore(
        `Partition ${partition.name} of ${planned.name} cannot be made before it is restored: ${reason}`,
      )
    }
    try {
      await cluster.execute(verdict.statement, { signal })
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind !== 'AlreadyExists') throw error
    }
  }
}

function shapesOf(
  context: RestoreContext,
  model: Table,
  planned: PartOfTable['planned'],
  names: readonly string[],
  /** Of the RESTORE that fills them, which takes no others. */
  replicas: number | undefined,
): { shapes: SourcePartition[]; nulls: Map<string, NullMeaning> } {
  const nulls = new Map<string, NullMeaning>()
  const shapes = names.map((name) => {
    const record = own(planned.table.partitions, name)
    if (record?.value === undefined || record.buckets === undefined) {
      throw refusedRestore(`The backup’s record tells no values of partition ${name} of ${planned.name}`)
    }
    const replication = replicas ?? context.spec.replicationNumber ?? record.replication
    const shape = readPartitionRow(model, {
      PartitionName: name,
      Buckets: String(record.buckets),
      List: record.value,
      ReplicationNum:
        replication === undefined ? undefined : String(Math.min(replication, Math.max(1, context.basis.backends))),
    })
    record.list?.forEach((tuple, at) => {
      tuple.forEach((value, column) => {
        nulls.set(nullKey(name, at, column), value === null ? 'null' : 'string')
      })
    })
    return shape
  })
  return { shapes, nulls }
}
