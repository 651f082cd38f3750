import type { Finding } from '../../contract/findings.ts'
import { own } from '../../planning/backup/changes.ts'
import { someOf } from '../../planning/backup-preflight/make-finding.ts'
import { inPlacePartitions } from '../../planning/restore/in-place-partitions.ts'
import type { PlannedTable, RestoreOutline } from '../../planning/restore/restore-plan.ts'
import { type Repository, SnapshotError, StorageError } from '../../repository/index.ts'
import { listPartitions, type PartitionRow, type StarRocksCluster, showCreate } from '../../starrocks/index.ts'
import { fingerprint } from '../backup/fingerprint.ts'
import { type HeldBuckets, readHeldBuckets } from './held-buckets.ts'
import { livePartitions } from './live-partitions.ts'
import { modelOf } from './verify-tables.ts'

/** What would make RESTORE over a live table fail, or hang, and which partitions it costs; found before anything is dropped. */
export async function checkInPlace(
  cluster: StarRocksCluster,
  open: () => Promise<Repository>,
  outline: RestoreOutline,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const heldBy = readHeldBuckets(open, outline, signal)
  for (const planned of outline.tables) {
    if (planned.route !== 'in-place') continue
    const subject = `${planned.database}.${planned.as}`
    const held = outline.basis.bare ? () => new Map<string, number>() : await heldBy(planned).catch(unlessUnreadable)
    const { problem, drops = [] } = await lookAt(cluster, planned, held, signal)
    if (problem !== undefined) {
      findings.push({
        code: 'restore-in-place-impossible',
        level: 'fatal',
        subject,
        message: `${planned.as} cannot be restored in place: ${problem}`,
        remedy: 'Restore it aside',
      })
    } else if (drops.length > 0) {
      findings.push({
        code: 'in-place-drops',
        level: 'warning',
        subject,
        message: `Before ${planned.as} is restored in place, partitions of it are dropped and cannot be had back: ${someOf(
          drops.map(({ name, why }) => `${name} (${why})`),
          10,
        )}`,
        remedy: 'Restore it aside unless they may go',
      })
    }
  }
  return findings
}

/** The reason, where the store or the snapshot cannot be read. */
function unlessUnreadable(error: unknown): string {
  if (error instanceof StorageError || error instanceof SnapshotError)
    return `what its snapshots hold cannot be read: ${error.message}`
  throw error
}

interface Look {
  problem?: string
  drops?: { name: string; why: string }[]
}

async function lookAt(
  cluster: StarRocksCluster,
  planned: PlannedTable,
  held: HeldBuckets | string,
  signal?: AbortSignal,
): Promise<Look> {
  const { database, as, table } = planned
  const live = modelOf({ ddl: (await showCreate(cluster, database, as, { signal })).text })
  const recorded = modelOf(table)
  if (live && recorded && fingerprint(live, []) !== fingerprint(recorded, [])) {
    return { problem: 'its definition is another one than at the backup' }
  }
  const rows = await listPartitions(cluster, database, as, { signal })
  const problem = several(planned, rows) ?? (table.partitioning === 'none' ? unpartitioned(planned, rows) : undefined)
  if (problem !== undefined) return { problem }
  const temporary = await listPartitions(cluster, database, as, { temporary: true, signal })
  if (temporary.length > 0) return { problem: `it has temporary partitions (${temporary[0]?.name})` }
  if (table.partitioning === 'none') return {}
  if (typeof held === 'string') return { problem: held }
  const { drop, refusal } = inPlacePartitions(planned, livePartitions(planned, rows), held)
  return { problem: refusal, drops: drop }
}

function several({ table }: PlannedTable, rows: readonly PartitionRow[]): string | undefined {
  const physical = new Map<string, number>()
  for (const { name } of rows) physical.set(name, (physical.get(name) ?? 0) + 1)
  for (const [name, count] of physical) {
    const record = own(table.partitions, name)
    if (record && (count > 1 || record.physical.length > 1))
      return `partition ${name} consists of several physical partitions, over which StarRocks restores nothing`
  }
  return undefined
}

/** Its only partition cannot be dropped to make way. */
function unpartitioned({ table }: PlannedTable, rows: readonly PartitionRow[]): string | undefined {
  for (const row of rows) {
    const record = own(table.partitions, row.name)
    if (!record) continue
    const { replicationNum, buckets } = row
    if (record.replication !== undefined && replicationNum !== undefined && record.replication !== replicationNum)
      return `it has ${replicationNum} replicas, at the backup it had ${record.replication}`
    if (record.buckets !== undefined && record.buckets !== buckets)
      return `it has ${buckets} buckets, at the backup it had ${record.buckets}`
  }
  return undefined
}
