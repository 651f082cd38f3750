import type { StarRocksCluster } from '../starrocks/index.ts'
import { busy } from './failures.ts'
import { facts } from './pollers/facts.ts'

/**
 * Throws `Busy` while a living backend of the target has a disk fuller than the limit (MaxDiskUsedPct of SHOW BACKENDS). Compute nodes of
 * shared-data clusters print no disks; there is nothing to hold against the limit there.
 */
export async function checkDisk(target: StarRocksCluster, limitPercent: number): Promise<void> {
  const full = (await facts(target).backends())
    .filter((backend) => backend.alive && (backend.maxDiskUsedPercent ?? 0) > limitPercent)
    .sort((a, b) => (b.maxDiskUsedPercent ?? 0) - (a.maxDiskUsedPercent ?? 0))[0]
  if (full) throw busy(`disk above ${limitPercent} % on ${full.host} (${full.maxDiskUsedPercent} %)`, 15_000)
}
