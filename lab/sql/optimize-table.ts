import { insertRows, scanRows } from '../data/index.ts'
import type { LabDatabase, LabTable } from '../model.ts'
import type { AlterClause } from './alter-clauses.ts'
import { automaticBuckets } from './automatic-buckets.ts'
import type { LabSqlContext } from './context.ts'
import { failure } from './errors.ts'
import { findPartitionByName } from './resolve.ts'

/** ALTER TABLE [PARTITION (…)] DISTRIBUTED BY …: rewrites partitions with another number of buckets, or another distribution. */
export const optimizeTable = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  clause: Extract<AlterClause, { kind: 'optimize' }>,
): void => {
  const { state } = context
  const { distribution } = clause
  const buckets =
    distribution.buckets ?? automaticBuckets(context, { ...table, distribution: { ...distribution, buckets: 0 } })
  const chosen = clause.partitions?.map((name) => {
    const found = findPartitionByName(state, table, name, false)
    if (!found) throw failure(`partition ${name} does not exist`)
    return found
  })
  if (!chosen)
    table.distribution = { kind: distribution.kind, columns: distribution.columns, buckets: distribution.buckets ?? 0 }
  const columns = (table.indexes[0]?.columns ?? []).map((c) => c.name)
  const jobId = state.nextId()
  for (const partition of chosen ?? table.partitions.filter((p) => !p.temporary)) {
    const rows = [...scanRows(table, { partitions: [partition.name] })]
    partition.buckets = buckets
    insertRows(state, database, table, columns, rows, { overwrite: true, partitions: [partition.name] })
  }
  context.jobs.push({
    kind: 'optimize',
    jobId,
    database: database.name,
    tableName: table.name,
    createdMs: state.now(),
    finishedMs: state.now(),
    indexName: table.name,
    indexId: 0n,
    originIndexId: 0n,
    schemaVersion: '',
    transactionId: 0n,
    state: 'FINISHED',
    message: '',
    operation: 'ALTER DISTRIBUTION',
    timeoutSeconds: '86400',
  })
}
