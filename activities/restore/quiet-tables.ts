import type { TableRecord } from '../../contract/backup/record.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { alterSet } from '../../starrocks/ddl/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'
import { modelOf } from './verify-tables.ts'

/** What makes StarRocks drop old partitions by itself, and the value that stops it. */
const QUIET: readonly [property: string, off: string][] = [
  ['dynamic_partition.enable', 'false'],
  ['partition_live_number', '-1'],
  ['partition_ttl_number', '-1'],
  ['partition_ttl', ''],
  ['partition_retention_condition', ''],
]

export interface QuietProperty {
  property: string
  /** In the backup. */
  value: string
  off: string
}

/** Settings of a table by which restored rows would soon be dropped again. */
export function quietProperties(table: Pick<TableRecord, 'ddl' | 'dynamic'>): QuietProperty[] {
  const properties = modelOf(table)?.properties ?? {}
  return QUIET.flatMap(([property, off]) => {
    const printed = properties[property]
    const value = property === 'dynamic_partition.enable' ? (printed ?? (table.dynamic ? 'true' : undefined)) : printed
    if (value === undefined || value === '' || value === off || value === '0') return []
    return [{ property, value, off }]
  })
}

/**
 * Switches off, right after a RESTORE, what would drop old partitions within minutes: StarRocks registers restored tables for that at once. Can be
 * repeated. What cannot be switched off becomes a warning.
 */
export async function quietTables(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  for (const { database, as, table } of tables) {
    for (const { property, value, off } of quietProperties(table)) {
      const statement = alterSet({ database, name: as }, { [property]: off })
      try {
        await context.cluster.execute(statement, { signal: context.signal })
      } catch (error) {
        if (!(error instanceof StarRocksError) || error.kind === 'Unreachable' || error.kind === 'OutcomeUnknown')
          throw error
        context.warn(
          `${database}.${as} keeps ${property} = ${value}, by which old partitions may be dropped: ${error.message}`,
        )
      }
    }
  }
}
