import { own } from '../../planning/backup/changes.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { canonicalValues, DdlReadError, readPartitionRow } from '../../starrocks/ddl/index.ts'
import { listPartitions, type PartitionRow, quoteName, quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'
import { modelOf } from './verify-tables.ts'

/**
 * Drops partitions that the table had not at the backup. Under a live name anybody may have loaded into them: those that hold anything stay, and are told.
 * Can be repeated.
 */
export async function dropSurplus(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const { database, as, target, table } = planned
  const rows = await listPartitions(context.cluster, database, as, { signal: context.signal })
  const surplus = new Set(rows.map(({ name }) => name).filter((name) => !Object.hasOwn(table.partitions, name)))
  if (as === target && database === context.outline.database) {
    // An empty partition is at version 1; each load adds one.
    for (const { name, visibleVersion } of rows) {
      if (visibleVersion <= 1n || !surplus.delete(name)) continue
      context.warn(
        `Partition ${name} of ${database}.${as}, which the backup had not, was loaded into meanwhile: it stays. If nobody needs it: ${dropStatement(planned, name)}`,
      )
    }
  }
  await drop(context, planned, [...surplus])
}

/**
 * Makes way for RESTORE over a live table: partitions that were not there at the backup go, and those that StarRocks cannot restore over since they have
 * another range, other values, or another number of buckets or replicas. Only what is restored anyway is dropped when partitions were chosen. Can be repeated.
 */
export async function clearTheWay(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const { table, only } = planned
  if (table.partitioning === 'none') return
  const rows = await listPartitions(context.cluster, planned.database, planned.as, { signal: context.signal })
  const chosen = only && new Set(only)
  const doomed = new Set<string>()
  for (const row of rows) {
    const known = Object.hasOwn(table.partitions, row.name)
    if (!known) {
      if (!chosen) doomed.add(row.name)
    } else if ((!chosen || chosen.has(row.name)) && isInTheWay(planned, row)) doomed.add(row.name)
  }
  await drop(context, planned, [...doomed])
}

function isInTheWay({ table }: PlannedTable, row: PartitionRow): boolean {
  const record = own(table.partitions, row.name)
  if (!record) return true
  if (record.buckets !== undefined && record.buckets !== row.buckets) return true
  const replicas = row.replicationNum
  if (record.replication !== undefined && replicas !== undefined && record.replication !== replicas) return true
  const model = modelOf(table)
  if (record.value === undefined || !model) return false
  const isList = row.listText !== undefined
  const text = (value: string | undefined) => {
    try {
      return canonicalValues(
        readPartitionRow(model, { PartitionName: row.name, Buckets: '1', [isList ? 'List' : 'Range']: value }).values,
      )
    } catch (error) {
      if (error instanceof DdlReadError) return value ?? ''
      throw error
    }
  }
  return text(record.value) !== text(row.rangeText ?? row.listText)
}

const dropStatement = ({ database, as }: PlannedTable, name: string) =>
  `ALTER TABLE ${quoteQualified(database, as)} DROP PARTITION IF EXISTS ${quoteName(name)} FORCE`

async function drop(context: RestoreContext, planned: PlannedTable, names: readonly string[]): Promise<void> {
  for (const name of names) {
    context.tell(`drop partition ${name} of ${planned.database}.${planned.as}`)
    try {
      await context.cluster.execute(dropStatement(planned, name), { signal: context.signal })
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind !== 'NotFound') throw error
    }
  }
}
