/** A partition that has to be sent, with what its job costs. */
export interface JobPartition {
  name: string
  /** Bytes that the target will fetch, estimated. */
  bytes: number
  /** Tablets of all its indexes. */
  tablets: number
  /** Replicas of those tablets on the source. */
  replicas: number
  /** Never copied yet. */
  fresh: boolean
  /** When the copy last changed; text that sorts by time. */
  copiedAt: string
}

export interface JobLimits {
  bytes: number
  /** The target counts the replicas of all running jobs; one job should not use up the whole number. */
  replicas: number
  requestBytes: number
}

/** Frontends read a request into memory whole, and libthrift refuses messages over 100 MB. */
export const REQUEST_BYTES = 32 * 1024 * 1024

/** Encoded size: ids, headers and the map's keys of a tablet, and of each replica with its address. */
const BYTES_PER_TABLET = 48
const BYTES_PER_REPLICA = 64
const BYTES_PER_PARTITION = 96

/**
 * Which partitions go into the next job of a table: never copied ones first, then those whose copy is oldest, so that nothing starves however
 * busy the source is. At least one partition, even if it alone exceeds a limit: a partition cannot be divided.
 */
export function chooseForJob<P extends JobPartition>(
  lagging: readonly P[],
  limits: JobLimits,
): { now: P[]; later: P[] } {
  const order = [...lagging].sort(
    (a, b) => Number(b.fresh) - Number(a.fresh) || compareText(a.copiedAt, b.copiedAt) || compareText(a.name, b.name),
  )
  const now: P[] = []
  const later: P[] = []
  let bytes = 0
  let replicas = 0
  let request = 0
  for (const partition of order) {
    const size = requestSize(partition)
    const fits =
      now.length === 0 ||
      (bytes + partition.bytes <= limits.bytes &&
        replicas + partition.replicas <= limits.replicas &&
        request + size <= limits.requestBytes)
    if (!fits) {
      later.push(partition)
      continue
    }
    now.push(partition)
    bytes += partition.bytes
    replicas += partition.replicas
    request += size
  }
  return { now, later }
}

/** Bytes of a partition in the request, rounded up. */
export function requestSize(partition: Pick<JobPartition, 'tablets' | 'replicas'>): number {
  return BYTES_PER_PARTITION + partition.tablets * BYTES_PER_TABLET + partition.replicas * BYTES_PER_REPLICA
}

/** Bytes that a copy from one version to another fetches, guessed from how much of the versions is new. */
export function bytesToCopy(sourceBytes: bigint, from: bigint, to: bigint): number {
  const all = Number(sourceBytes)
  if (to <= 1n || from <= to) return all
  return Math.ceil(all * (Number(from - to) / Number(from)))
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
