import type { PartitionRecord } from '../../contract/backup/record.ts'

/** Keys are never spread evenly: the largest of a partition's tablets may have so many times its share. */
const SKEW = 4

/** Bytes of the largest tablet of these partitions, about and rather too many; undefined where no sizes are known. */
export function largestTablet(
  partitions: Iterable<Pick<PartitionRecord, 'bytes' | 'buckets' | 'physical'>>,
): number | undefined {
  let largest: number | undefined
  for (const { bytes, buckets = 1, physical } of partitions) {
    if (bytes === undefined) continue
    const tablets = Math.max(1, buckets) * Math.max(1, physical.length)
    largest = Math.max(largest ?? 0, Math.min(bytes, (bytes / tablets) * SKEW))
  }
  return largest
}
