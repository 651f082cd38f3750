import type { BackupRecord, TableRecord } from '../../contract/backup/record.ts'

/** The partition that catches rows of automatically partitioned tables: without it nothing could be loaded into the restored table. */
export const SHADOW_PARTITION = '$shadow_automatic_partition'

/** What one snapshot gives to a table. */
export interface TablePart {
  /** Index into the record's labels. */
  label: number
  /** Names for RESTORE; undefined: the table as the snapshot has it. */
  partitions?: string[]
  /** Names without the shadow partition; none for a table that had no partitions. */
  names: string[]
  /** Replicas that its RESTORE gives to new partitions. */
  replication?: number
}

export interface PartOptions {
  /** The table is there, and is restored over. */
  exists?: boolean
  /** Partitions of one snapshot come by one RESTORE, with as many replicas as any of them needs. */
  together?: boolean
  /** Replicas of a new partition, by those recorded. */
  replicas?: (recorded: number | undefined) => number | undefined
}

const isAutomatic = (table: TableRecord) => table.partitioning.startsWith('automatic')

/** Over a table that is there StarRocks restores no partition of several physical ones: the RESTORE that brings one makes the table. */
const comesAtOnce = (table: TableRecord, wanted?: ReadonlySet<string>) =>
  Object.entries(table.partitions).some(([name, { physical }]) => physical.length > 1 && wanted?.has(name) !== false)

/** RESTORE adds partitions to range-partitioned tables by itself; to these they must be added before. */
export const needsPartitionsFirst = (table: TableRecord): boolean =>
  table.partitioning === 'list' || table.partitioning === 'automatic-list'

/**
 * Which snapshot gives which partitions: each exactly once, out of the snapshot that holds its last state. So what an earlier snapshot of the
 * chain held beyond that – partitions dropped, renamed or cut otherwise since – never comes back. In the order of the labels, and of the numbers of
 * replicas; the first makes the table. A table without any partition comes from the last snapshot that holds all of it, whatever that held, to be emptied afterwards; where there is
 * none, nothing is restored, and its definition is run.
 */
export function tableParts(
  record: Pick<BackupRecord, 'labels' | 'own'>,
  table: TableRecord,
  chosen?: readonly string[],
  { exists = false, together = false, replicas = (recorded) => recorded }: PartOptions = {},
): TablePart[] {
  const wanted = chosen && new Set(chosen)
  const atOnce = together || comesAtOnce(table, wanted)
  const groups = new Map<string, TablePart>()
  for (const [name, partition] of Object.entries(table.partitions)) {
    if (wanted && !wanted.has(name)) continue
    const { at } = partition
    const replication = replicas(partition.replication)
    const key = atOnce ? String(at) : `${at}/${replication ?? ''}`
    const group = groups.get(key)
    if (group) {
      group.names.push(name)
      if (replication !== undefined) group.replication = Math.max(replication, group.replication ?? 0)
    } else groups.set(key, { label: at, names: [name], replication })
  }
  const parts = [...groups.values()].sort((a, b) => a.label - b.label || (a.replication ?? 0) - (b.replication ?? 0))
  const [first] = parts
  if (!first && !chosen) {
    const label = Math.max(-1, ...table.whole)
    if (label < 0 || exists) return []
    // With the shadow partition alone it comes without rows.
    const replication = replicas(undefined)
    return [{ label, names: [], replication, ...(isAutomatic(table) ? { partitions: [SHADOW_PARTITION] } : {}) }]
  }
  // Of a snapshot without a record it is not known how its tables are partitioned, but what their partitions are called.
  const some = wanted !== undefined && Object.keys(table.partitions).some((name) => !wanted.has(name))
  if (table.partitioning === 'none' && !some) return parts
  const firstOwn = record.labels.length - record.own
  if (first && parts.length === 1 && !wanted && table.whole.includes(first.label) && first.label >= firstOwn)
    return parts
  for (const part of parts) {
    const automatic = isAutomatic(table) || Object.hasOwn(table.partitions, SHADOW_PARTITION)
    const shadow = part === first && automatic && !exists && !part.names.includes(SHADOW_PARTITION)
    part.partitions = [...part.names, ...(shadow ? [SHADOW_PARTITION] : [])]
  }
  return parts
}
