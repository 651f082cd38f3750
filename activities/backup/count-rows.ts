import { samePhysical } from '../../planning/backup/changes.ts'
import type { PartitionState, PhysicalVersions } from '../../planning/backup/database-state.ts'
import type { RowCounts } from '../../planning/backup/record.ts'
import { listPartitions, quoteName, quoteQualified, quoteString } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import type { BackupRun } from './backup-run.ts'
import { partitionStates } from './partition-facts.ts'
import { unlessGone } from './read-database.ts'

/** Statements at once: queries of the cluster's users come first. */
const WIDTH = 2
/** Partitions counted by one statement. */
const BATCH = 50
const COUNT_MS = 600_000

/**
 * Exact numbers of rows, counted by the cluster, of partitions whose versions are the same before and after. Those that are written to all the time
 * have none. Errors: what a cluster says whose backends answer no queries.
 */
export async function countRows(
  run: BackupRun,
  wanted: ReadonlyMap<string, ReadonlyMap<string, PartitionState>>,
): Promise<RowCounts> {
  const counts = new Map<string, Map<string, { rows: string; physical: PhysicalVersions }>>()
  await mapConcurrently(wanted, WIDTH, async ([table, partitions]) => {
    const rows = await unlessGone(() => countTable(run, table, [...partitions.keys()]))
    if (!rows) return
    const now = await unlessGone(() =>
      listPartitions(run.side.cluster, run.input.database, table, { signal: run.signal }),
    )
    if (!now) return
    const after = partitionStates(now)
    const valid = [...rows].flatMap(([name, count]) => {
      const [before, same] = [partitions.get(name), after.get(name)]
      if (!before || !same || !samePhysical(before.physical, same.physical)) return []
      return [[name, { rows: count, physical: before.physical }] as const]
    })
    counts.set(table, new Map(valid))
  })
  return counts
}

async function countTable(run: BackupRun, table: string, partitions: readonly string[]): Promise<Map<string, string>> {
  const { side, input, signal } = run
  const counts = new Map<string, string>()
  const from = quoteQualified(input.database, table)
  for (let at = 0; at < partitions.length; at += BATCH) {
    const selects = partitions
      .slice(at, at + BATCH)
      .map((name) => `SELECT ${quoteString(name)} AS p, COUNT(*) AS n FROM ${from} PARTITION (${quoteName(name)})`)
    const { rows } = await side.cluster.query(selects.join(' UNION ALL '), { signal, timeoutMs: COUNT_MS })
    for (const row of rows) counts.set(row.required('p'), row.required('n'))
  }
  return counts
}
