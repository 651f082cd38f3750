import { versionOf } from '../../planning/partition-verdict.ts'
import { listPartitions } from '../../starrocks/index.ts'
import { stale } from '../failures.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair } from './table-pair.ts'

/**
 * Looks at the target once more, right before something is done with these partitions: between the decision and the act lie statements about
 * columns, indexes and tablets, and a load may have committed meanwhile. What it wrote would be lost, or mixed with the copy and called in sync.
 * Throws `Stale`: then it is decided anew. `before`: what was about to be done with them.
 */
export async function throwIfMoved(
  pair: Pick<TablePair, 'target'>,
  partitions: readonly Pick<PartitionPair, 'name' | 'target'>[],
  before: string,
): Promise<void> {
  const { cluster, database, name, full } = pair.target
  const rows = new Map((await listPartitions(cluster, database, name)).map((row) => [row.id, row]))
  for (const { name: partition, target } of partitions) {
    const now = rows.get(target.id)
    const same =
      now &&
      versionOf(now) === versionOf(target) &&
      now.txnType === target.txnType &&
      now.versionEpoch === target.versionEpoch
    if (!same) throw stale(`partition ${partition} of ${full} was changed just before it was to be ${before}`)
  }
}
