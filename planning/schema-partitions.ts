/** What must be equal between a source partition and its copy, beside the rows. */
export interface PartitionShape {
  name: string
  /** The values in a neutral form: equal text = equal range or list, whatever the version prints. */
  values: string
  buckets: number
  /** Physical partitions; a copy can only be made of one. */
  physical: number
}

export interface PartitionDifference<S extends PartitionShape, T extends PartitionShape> {
  missing: S[]
  /** Same name, other values, buckets or physical partitions. */
  different: { source: S; target: T; why: string }[]
  targetOnly: T[]
}

/** Compares the partitions of a table with those of its copy by name. */
export function comparePartitions<S extends PartitionShape, T extends PartitionShape>(
  source: readonly S[],
  target: readonly T[],
): PartitionDifference<S, T> {
  const there = new Map(target.map((partition) => [partition.name, partition]))
  const result: PartitionDifference<S, T> = { missing: [], different: [], targetOnly: [] }
  for (const partition of source) {
    const copy = there.get(partition.name)
    there.delete(partition.name)
    if (!copy) {
      result.missing.push(partition)
      continue
    }
    const why = shapeDifference(partition, copy)
    if (why) result.different.push({ source: partition, target: copy, why })
  }
  result.targetOnly.push(...there.values())
  return result
}

/** The first difference of shape in words, or undefined. */
export function shapeDifference(source: PartitionShape, target: PartitionShape): string | undefined {
  if (source.values !== target.values) return `it is ${target.values} instead of ${source.values}`
  if (source.buckets !== target.buckets) return `it has ${target.buckets} buckets instead of ${source.buckets}`
  if (source.physical !== target.physical) {
    return `it has ${target.physical} physical partitions instead of ${source.physical}`
  }
  return undefined
}
