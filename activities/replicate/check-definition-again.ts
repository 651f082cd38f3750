import { listPartitions } from '../../starrocks/index.ts'
import { stale } from '../failures.ts'
import { isConfirmed } from './confirm-copies.ts'
import { type ComparedDefinition, isStillSame } from './definitions.ts'
import { emptyPartitions } from './empty-partitions.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair } from './table-pair.ts'

/**
 * A column that was renamed, or dropped and added, between the comparison and the snapshot leaves no trace in any version, and its values
 * are silently missing in the copy. So when the definition changed while the job ran, what the job brought is thrown away again.
 */
export async function checkDefinitionAgain(
  pair: TablePair,
  compared: ComparedDefinition,
  chosen: readonly PartitionPair[],
): Promise<void> {
  if (await isStillSame(pair, compared)) return
  await discardCopies(pair, chosen)
  throw stale(`the columns of ${pair.source.full} changed while it was being copied`, { align: true })
}

/**
 * What somebody wrote on top since is not ours to throw away: it is foreign to the next step, and waits for a person. Several physical partitions
 * become one here; that is refused then, with its reason, and better than wrong values that look right.
 */
async function discardCopies(pair: TablePair, chosen: readonly PartitionPair[]): Promise<void> {
  const { cluster, database, name } = pair.target
  const byName = new Map<string, PartitionPair[]>()
  for (const partition of chosen) byName.set(partition.name, [...(byName.get(partition.name) ?? []), partition])
  await emptyPartitions(pair, [...byName.keys()], async (next) => {
    const rows = new Map((await listPartitions(cluster, database, name)).map((row) => [row.id, row]))
    return next.filter((one) => byName.get(one)?.every((copy) => isConfirmed(copy, rows.get(copy.target.id))))
  })
}
