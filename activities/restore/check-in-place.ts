import type { Finding } from '../../contract/findings.ts'
import { own } from '../../planning/backup/changes.ts'
import type { PlannedTable, RestoreOutline } from '../../planning/restore/restore-plan.ts'
import { listPartitions, type StarRocksCluster, showCreate } from '../../starrocks/index.ts'
import { fingerprint } from '../backup/fingerprint.ts'
import { modelOf } from './verify-tables.ts'

/** What would make RESTORE over a live table fail, or hang; found before anything is dropped. */
export async function checkInPlace(
  cluster: StarRocksCluster,
  outline: RestoreOutline,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const planned of outline.tables) {
    if (planned.route !== 'in-place') continue
    const problem = await problemOf(cluster, planned, signal)
    if (problem === undefined) continue
    findings.push({
      code: 'restore-in-place-impossible',
      level: 'fatal',
      subject: `${planned.database}.${planned.as}`,
      message: `${planned.as} cannot be restored in place: ${problem}`,
      remedy: 'Restore it aside',
    })
  }
  return findings
}

async function problemOf(
  cluster: StarRocksCluster,
  { database, as, table }: PlannedTable,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const live = modelOf({ ddl: (await showCreate(cluster, database, as, { signal })).text })
  const recorded = modelOf(table)
  if (live && recorded && fingerprint(live, []) !== fingerprint(recorded, [])) {
    return 'its definition is another one than at the backup'
  }
  const rows = await listPartitions(cluster, database, as, { signal })
  const physical = new Map<string, number>()
  for (const { name } of rows) physical.set(name, (physical.get(name) ?? 0) + 1)
  for (const [name, count] of physical) {
    const record = own(table.partitions, name)
    if (!record) continue
    if (count > 1 || record.physical.length > 1) {
      return `partition ${name} consists of several physical partitions, over which StarRocks restores nothing`
    }
    const row = rows.find((one) => one.name === name)
    if (table.partitioning !== 'none') continue
    if (
      record.replication !== undefined &&
      row?.replicationNum !== undefined &&
      record.replication !== row.replicationNum
    ) {
      return `it has ${row.replicationNum} replicas, at the backup it had ${record.replication}`
    }
    if (record.buckets !== undefined && row && record.buckets !== row.buckets) {
      return `it has ${row.buckets} buckets, at the backup it had ${record.buckets}`
    }
  }
  const temporary = await listPartitions(cluster, database, as, { temporary: true, signal })
  if (temporary.length > 0) return `it has temporary partitions (${temporary[0]?.name})`
  return undefined
}
