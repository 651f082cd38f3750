import {
  type IndexReplication,
  type IndexSchema,
  indexSchemas,
  isAtLeast,
  type PartitionIndex,
  type PartitionReplication,
  partitionIndexes,
  type ReplicaBackend,
  type Tablet,
  tabletIds,
  tabletSources,
} from '../../starrocks/index.ts'
import { busyTable, stale } from '../failures.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { facts } from '../pollers/facts.ts'
import { livingBackends, pairTablets, replicaSources } from './pair-tablets.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair, TableSide } from './table-pair.ts'

/** A table's index on both sides. */
export interface IndexPair {
  sourceId: bigint
  targetId: bigint
  sourceHash: number
  /** Name on each side: the base index is called like its table. */
  sourceName: string
  targetName: string
}

/** The base index among all of a table: the one of its name. */
export const baseOf = (side: Pick<TableSide, 'name'>, indexes: readonly IndexSchema[]): IndexSchema | undefined =>
  indexes.find((index) => index.name === side.name) ?? indexes[0]

/**
 * Base index, rollups and synchronous materialized views, matched by name; `from` are the source's. Throws `Stale` (to be aligned) when they are
 * not the same.
 */
export async function readIndexPairs(
  { source, target }: TablePair,
  from: readonly IndexSchema[],
): Promise<IndexPair[]> {
  const to = await indexSchemas(target.cluster, target.databaseId, target.entry.id)
  const bases = { source: baseOf(source, from), target: baseOf(target, to) }
  const copies = new Map(to.map((index) => [index === bases.target ? '' : index.name, index]))
  const pairs = from.map((index) => {
    const twin = copies.get(index === bases.source ? '' : index.name)
    if (!twin) throw stale(`rollup ${index.name} of ${source.full} does not exist on the target yet`, { align: true })
    return {
      sourceId: index.id,
      targetId: twin.id,
      sourceHash: index.schemaHash,
      sourceName: index.name,
      targetName: twin.name,
    }
  })
  if (pairs.length !== copies.size) {
    throw stale(`${target.full} has ${copies.size} indexes on the target and ${pairs.length} on the source`, {
      align: true,
    })
  }
  return pairs
}

/**
 * Which source tablet goes into which target tablet, for the partitions of one job. Tablets in ascending id are in bucket order on both
 * sides. Read right before sending, four partitions at a time.
 */
export async function mapTablets(
  pair: TablePair,
  partitions: readonly PartitionPair[],
  indexes: readonly IndexPair[],
): Promise<PartitionReplication[]> {
  const lake = pair.source.capabilities.runMode === 'shared_data'
  const backends = lake
    ? new Map<bigint, ReplicaBackend>()
    : livingBackends(await facts(pair.source.cluster).backends(), pair.source.handle.addressMap)
  return mapConcurrently(partitions, 4, async (partition) => {
    const [own, copy] = await Promise.all([
      indexesOf(pair.source, partition.source.id),
      indexesOf(pair.target, partition.target.id),
    ])
    const mapped: IndexReplication[] = []
    for (const index of indexes) {
      mapped.push(
        await mapIndex(pair, partition, index, own, copy, (tablet) =>
          lake ? [] : replicasOf(pair, partition, tablet, backends),
        ),
      )
    }
    return {
      partitionId: partition.target.id,
      sourceVersion: partition.version,
      sourceVersionEpoch: partition.epoch,
      sourcePartitionId: partition.source.id,
      indexes: mapped,
    }
  })
}

async function mapIndex(
  pair: TablePair,
  partition: PartitionPair,
  index: IndexPair,
  own: ReadonlyMap<string, PartitionIndex> | undefined,
  copy: ReadonlyMap<string, PartitionIndex> | undefined,
  backends: (tablet: Tablet) => ReplicaBackend[],
): Promise<IndexReplication> {
  const sourceIndex = own ? own.get(index.sourceName)?.id : index.sourceId
  const targetIndex = copy ? copy.get(index.targetName)?.id : index.targetId
  if (sourceIndex === undefined || targetIndex === undefined) {
    throw stale(`index ${index.sourceName} of partition ${partition.name} of ${pair.source.full} is not on both sides`)
  }
  const [from, to] = await Promise.all([
    tabletSources(pair.source.cluster, pair.source.databaseId, pair.source.entry.id, partition.source.id, sourceIndex),
    tabletIds(pair.target.cluster, pair.target.databaseId, pair.target.entry.id, partition.target.id, targetIndex),
  ])
  if (from.length !== to.length) {
    throw stale(
      `index ${index.sourceName} of partition ${partition.name} of ${pair.source.full} has ${from.length} tablets on the source and ${to.length} on the target`,
      { align: true },
    )
  }
  return {
    indexId: targetIndex,
    sourceSchemaHash: index.sourceHash,
    tablets: pairTablets(from, to, backends),
  }
}

/**
 * From 4.1 on a partition's index can have another id than the table's; before, they are the same and need no statement.
 */
export async function indexesOf(
  side: TableSide,
  partitionId: bigint,
): Promise<Map<string, PartitionIndex> | undefined> {
  if (!isAtLeast(side.capabilities.version, 4, 1)) return undefined
  const listed = await partitionIndexes(side.cluster, side.databaseId, side.entry.id, partitionId)
  return new Map(listed.filter((index) => index.state === 'NORMAL').map((index) => [index.name, index]))
}

/** Source replicas that can give this version, addressed as the target's nodes must see them. Dead and bad ones are left out. */
function replicasOf(
  pair: TablePair,
  partition: PartitionPair,
  tablet: Tablet,
  backends: ReadonlyMap<bigint, ReplicaBackend>,
): ReplicaBackend[] {
  const sources = replicaSources(tablet, partition.source.visibleVersion, backends)
  if (sources.length > 0) return sources
  throw busyTable(
    `tablet ${tablet.id} (partition ${partition.name} of ${pair.source.full}) has no living replica at version ${partition.source.visibleVersion} on the source`,
  )
}
