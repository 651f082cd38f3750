import { createPhysicalPartition } from '../data/index.ts'
import type { LabIndexMeta, LabPartition, LabState, LabTable, LabTablet } from '../model.ts'
import { commonError } from './job-failure.ts'
import { columnsOf, propertiesOf } from './own-words.ts'
import { shadowName } from './shadow-partition.ts'

/** A tablet that rows are to come into, and the one in the repository that they come from. */
export interface TabletMove {
  from: { tableId: bigint; physicalId: bigint; indexId: bigint; tabletId: bigint }
  to: LabTablet
  base: boolean
}

/** A partition of the target with its part of the snapshot. */
export interface PartitionMove {
  table: LabTable
  partition: LabPartition
  source: LabPartition
  /** Whether it was there before the restore. */
  existed: boolean
  tablets: TabletMove[]
}

/** Fewer live backends than replicas make no table. @throws JobFailure */
export const checkHosts = (state: LabState, replicationNum: number, table: string): void => {
  const alive = state.nodes.filter((node) => node.alive).length
  if (alive < replicationNum)
    throw commonError(`failed to find ${replicationNum} different hosts to create table: ${table}`)
}

/** A table that is new in the target: new ids of everything; versions, epochs and times are the snapshot's. */
export const newTable = (
  state: LabState,
  wanted: LabTable,
  options: { alias: string; partitions: readonly string[]; replicationNum: number; keepColocate: boolean },
): { table: LabTable; moves: PartitionMove[] } => {
  const { alias, replicationNum } = options
  const indexes = wanted.indexes.map(
    (index, i): LabIndexMeta => ({
      ...index,
      id: state.nextId(),
      name: i === 0 ? alias : index.name,
      columns: columnsOf(state.version, index.columns),
    }),
  )
  const table: LabTable = {
    ...wanted,
    id: state.nextId(),
    name: alias,
    state: 'RESTORE',
    properties: propertiesOf(state.version, wanted),
    indexes,
    partitions: [],
    shadow: undefined,
    createdMs: state.now(),
    scheduledMs: undefined,
  }
  table.properties.set('replication_num', String(replicationNum))
  if (!options.keepColocate) {
    // 3.1 goes on printing the group that the table is not in any more.
    if (state.version !== '3.1') table.properties.delete('colocate_with')
    table.colocateGroup = undefined
  }
  const moves = wanted.partitions
    .filter((partition) => options.partitions.includes(partition.name))
    .map((source) => {
      const move = newPartition(state, table, wanted, source, replicationNum)
      if (table.partitioning.kind === 'none') move.partition.name = alias
      return move
    })
  if (table.shadow === undefined && wanted.partitioning.kind !== 'none' && isAutomatic(wanted)) table.shadow = 'missing'
  return { table, moves }
}

const isAutomatic = (table: LabTable): boolean =>
  table.partitioning.kind === 'expression-range' || table.partitioning.kind === 'automatic-list'

/** A partition that is new in a table, old or new. */
export const newPartition = (
  state: LabState,
  table: LabTable,
  wanted: LabTable,
  source: LabPartition,
  replicationNum: number,
): PartitionMove => {
  const id = state.nextId()
  const separate = state.version !== '3.1' && state.version !== '3.3'
  const partition: LabPartition = { ...source, id, replicationNum, physical: [] }
  const tablets: TabletMove[] = []
  source.physical.forEach((from, i) => {
    const physical = createPhysicalPartition(state, table, {
      buckets: partition.buckets,
      replicationNum,
      ...(separate || i > 0 ? {} : { id }),
    })
    physical.visibleVersion = from.visibleVersion
    physical.committedVersion = from.visibleVersion
    physical.visibleTimeMs = from.visibleTimeMs
    physical.dataVersion = from.visibleVersion
    physical.oldestVersion = physical.dataVersion
    physical.versionEpoch = from.versionEpoch
    physical.versionTxnType = from.versionTxnType
    if (from.extraBytes !== undefined) physical.extraBytes = from.extraBytes
    for (const list of physical.tablets.values())
      for (const tablet of list) for (const replica of tablet.replicas) replica.version = from.visibleVersion
    partition.physical.push(physical)
    tablets.push(...pairTablets(table, wanted, physical.tablets, from))
  })
  if (source.name === shadowName) table.shadow = partition
  else table.partitions.push(partition)
  return { table, partition, source, existed: false, tablets }
}

/** A partition that is there: the first physical partition of the snapshot goes into the first of the target. */
export const existingPartition = (
  table: LabTable,
  wanted: LabTable,
  partition: LabPartition,
  source: LabPartition,
): PartitionMove => {
  const [own] = partition.physical
  const [from] = source.physical
  const tablets = own && from ? pairTablets(table, wanted, own.tablets, from) : []
  return { table, partition, source, existed: true, tablets }
}

/** Tablets are paired by index and bucket. */
const pairTablets = (
  table: LabTable,
  wanted: LabTable,
  own: ReadonlyMap<bigint, LabTablet[]>,
  from: LabPartition['physical'][number],
): TabletMove[] =>
  wanted.indexes.flatMap((index, i) => {
    const target = i === 0 ? table.indexes[0] : table.indexes.find((one) => one.name === index.name)
    const sources = from.tablets.get(index.id) ?? []
    const targets = target ? (own.get(target.id) ?? []) : []
    return targets.flatMap((to, bucket) => {
      const source = sources[bucket]
      if (!source) return []
      return [
        {
          from: { tableId: wanted.id, physicalId: from.id, indexId: index.id, tabletId: source.id },
          to,
          base: i === 0,
        },
      ]
    })
  })
