import type { RestoreRoute } from '../../contract/backup/restore-api.ts'
import type { PlannedTable } from '../restore/restore-plan.ts'

/** Copies of a table that lie on the backends' disks at once, beside what is there now. */
const COPIES: Record<RestoreRoute, number> = {
  direct: 1,
  rename: 1,
  swap: 1,
  'rename-database': 1,
  leave: 1,
  // The files are downloaded beside the live ones, and take their place at the end.
  'in-place': 1,
  // The scratch database goes when all is done.
  rebackup: 2,
  'rebackup-swap': 2,
  // Temporary partitions take the rows first.
  'overwrite-partitions': 2,
}

/** Bytes that a restore needs on the target's disks, all replicas; undefined where nothing is known of sizes. */
export function bytesNeeded(
  tables: readonly Pick<PlannedTable, 'route' | 'table' | 'only'>[],
  replicas: (recorded: number | undefined) => number,
): number | undefined {
  let sum = 0
  let known = false
  for (const { route, table, only } of tables) {
    const wanted = only && new Set(only)
    for (const [name, { bytes, replication }] of Object.entries(table.partitions)) {
      if (bytes === undefined || (wanted && !wanted.has(name))) continue
      known = true
      sum += bytes * replicas(replication) * COPIES[route]
    }
  }
  return known ? sum : undefined
}
