import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface MaterializedView {
  id: bigint | undefined
  name: string
  /** ROLLUP: a rollup or synchronous materialized view. ASYNC, MANUAL, INCREMENTAL: one with a table of its own. */
  refreshType: string
  active: boolean
  inactiveReason: string
  partitionType: string
  lastRefreshState: string
  rows: bigint
  /** The defining statement. For plain rollups a generated text that cannot be run. */
  text: string
}

/** SHOW MATERIALIZED VIEWS FROM db: synchronous and asynchronous ones. */
export async function listMaterializedViews(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<MaterializedView[]> {
  const { rows } = await cluster.query(`SHOW MATERIALIZED VIEWS FROM ${quoteName(database)}`, options)
  return rows.map((row) => ({
    id: row.optionalBigint('id'),
    name: row.required('name'),
    refreshType: (row.get('refresh_type') ?? '').toUpperCase(),
    active: row.flag('is_active'),
    inactiveReason: row.get('inactive_reason') ?? '',
    partitionType: row.get('partition_type') ?? '',
    lastRefreshState: row.get('last_refresh_state') ?? '',
    rows: row.optionalBigint('rows') ?? 0n,
    text: row.get('text') ?? '',
  }))
}
