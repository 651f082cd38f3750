import type { StarRocksCluster } from '../../starrocks/index.ts'
import { setBounded } from '../set-bounded.ts'

/** What a source partition was seen with. */
interface Seen {
  id: bigint
  versionEpoch?: bigint
  txnType?: 'NORMAL' | 'REPLICATION'
  visibleVersion: bigint
}

/** Partitions remembered, the oldest go first: some 200 bytes each. */
const MOST = 500_000
/** Elections in a row before an image has the epochs. */
const MOST_EPOCHS = 4

interface Known {
  epoch: bigint
  version: bigint
  former: bigint[]
}

/**
 * The epochs that partitions of a source had while this process looked. A partition that was truncated, overwritten or swapped has another id; so the same id
 * with another epoch is the same partition, seen through another frontend – provided that nothing was replicated into it, which also brings another epoch, and
 * that it did not go back in time.
 */
export class Epochs {
  readonly #known = new Map<bigint, Known>()

  /** Notes what is seen now; the epochs that the partition had before. */
  note({ id, versionEpoch, txnType, visibleVersion }: Seen): readonly bigint[] {
    if (versionEpoch === undefined || versionEpoch <= 0n || txnType !== 'NORMAL') {
      this.#known.delete(id)
      return []
    }
    const known = this.#known.get(id)
    if (!known || visibleVersion < known.version) {
      setBounded(this.#known, id, { epoch: versionEpoch, version: visibleVersion, former: NONE }, MOST)
      return NONE
    }
    known.version = visibleVersion
    if (known.epoch !== versionEpoch) {
      known.former = [...known.former, known.epoch].filter((epoch) => epoch !== versionEpoch).slice(-MOST_EPOCHS)
      known.epoch = versionEpoch
    }
    return known.former
  }
}

const NONE: bigint[] = []

const ofClusters = new WeakMap<StarRocksCluster, Epochs>()

/** Those of a cluster; shared by all who look at it. */
export function epochsOf(cluster: StarRocksCluster): Epochs {
  const found = ofClusters.get(cluster) ?? new Epochs()
  ofClusters.set(cluster, found)
  return found
}
