import { partitionTypes } from '../data/index.ts'
import type { LabPartition, LabTable } from '../model.ts'
import { compareEnds } from '../sql/partition-range.ts'

/** Range tables list their partitions by range. */
export const inRangeOrder = (table: LabTable, partitions: readonly LabPartition[]): LabPartition[] => {
  const types = partitionTypes(table)
  return partitions.toSorted((a, b) => {
    if (!a.range || !b.range) return 0
    return compareEnds(types, a.range.lower, b.range.lower)
  })
}

/** List tables list theirs as a Java hash map of ids does. */
export const inListOrder = (partitions: readonly LabPartition[]): LabPartition[] => inHashOrder(partitions, (p) => p.id)

/** Order in which a java.util.HashMap with these keys is walked. */
export const inHashOrder = <T>(items: readonly T[], key: (item: T) => bigint): T[] => {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const slot = (item: T): number => {
    const id = BigInt.asUintN(64, key(item))
    const hash = Number(BigInt.asUintN(32, id ^ (id >> 32n)))
    return ((hash ^ (hash >>> 16)) >>> 0) % capacity
  }
  return items
    .map((item, i) => ({ item, i, slot: slot(item) }))
    .sort((a, b) => a.slot - b.slot || a.i - b.i)
    .map(({ item }) => item)
}

export const inShownOrder = (table: LabTable, partitions: readonly LabPartition[]): LabPartition[] =>
  table.partitioning.kind === 'range' || table.partitioning.kind === 'expression-range'
    ? inRangeOrder(table, partitions)
    : inListOrder(partitions)
