import { createPhysicalPartition, partitionTypes } from '../data/index.ts'
import type { LabPartition, LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { analysisFailure, failure } from './errors.ts'
import { checkRange, type LabRange, normalizeKey, resolveRange } from './partition-range.ts'
import { findPartitionByName } from './resolve.ts'
import type { PartitionDefinition } from './statements.ts'

export interface PartitionPlan {
  name: string
  range?: LabRange
  list?: (string | null)[][]
  listOfTuples?: boolean
  replicationNum: number
  storageMedium?: 'HDD' | 'SSD'
  buckets: number
}

/** Partition names: ASCII letters first, then also digits and underscores. */
export const checkPartitionName = (name: string): void => {
  if (!/^[A-Za-z_]\w{0,63}$/.test(name)) throw analysisFailure(`Incorrect partition name '${name}'`, 1567)
}

const listOf = (context: LabSqlContext, table: LabTable, definition: PartitionDefinition): (string | null)[][] => {
  const item = definition.item
  if (item?.kind !== 'in') throw failure('Cannot add a Range partition to a table that partition type is not of Range')
  const types = partitionTypes(table)
  for (const tuple of item.values) {
    if (tuple.length !== types.length)
      throw analysisFailure('Partition column size should be equal to partition value size in PARTITION DESC')
  }
  const automatic = table.partitioning.kind === 'automatic-list'
  if (automatic && item.values.length > 1) {
    throw analysisFailure('Automatically partitioned tables does not support multiple values in the same partition')
  }
  return item.values.map((tuple) =>
    tuple.map((value, i) => (value === null ? null : listKey(context, types[i] ?? '', value))),
  )
}

/** Values of a list: in the form of their type from 3.5 on, as typed before. */
const listKey = (context: LabSqlContext, type: string, value: string): string => {
  const key = normalizeKey(type, value)
  return context.profile.atLeast('3.5') ? key : value
}

const sameTuple = (types: readonly string[], a: (string | null)[], b: (string | null)[]): boolean =>
  a.every((value, i) => {
    const other = b[i] ?? null
    if (value === null || other === null) return value === other
    return normalizeKey(types[i] ?? '', value) === normalizeKey(types[i] ?? '', other)
  })

/** Refuses values that another partition of the table, or the same one, holds already. */
const checkList = (
  table: LabTable,
  name: string,
  list: (string | null)[][],
  others: readonly LabPartition[],
  added: boolean,
): void => {
  const types = partitionTypes(table)
  list.forEach((tuple, i) => {
    const twice = list.slice(0, i).some((other) => sameTuple(types, tuple, other))
    const taken = others.some((p) => p.list?.some((other) => sameTuple(types, tuple, other)))
    // With a NULL among the values, StarRocks looks at each column by itself: values of different tuples add up to a match.
    const columns = tuple.includes(null)
      ? others.some((p) =>
          tuple.every((v, at) => p.list?.some((other) => sameTuple([types[at] ?? ''], [v], [other[at] ?? null]))),
        )
      : false
    if (twice || taken || (added && columns))
      throw analysisFailure(`Duplicate partition values exist for partition: ${name}`)
  })
}

/** What a definition makes of a table, checked against its partitions. */
export const planPartition = (
  context: LabSqlContext,
  table: LabTable,
  definition: PartitionDefinition,
  others: readonly LabPartition[],
  defaults: { buckets: number; replicationNum: number; added?: boolean },
): PartitionPlan => {
  checkPartitionName(definition.name)
  const properties = new Map(definition.properties)
  const replicationNum = Number(properties.get('replication_num') ?? defaults.replicationNum)
  const medium = properties.get('storage_medium')?.toUpperCase()
  const plan: PartitionPlan = {
    name: definition.name,
    replicationNum,
    buckets: defaults.buckets,
    ...(medium === 'HDD' || medium === 'SSD' ? { storageMedium: medium } : {}),
  }
  const kind = table.partitioning.kind
  if (kind === 'list' || kind === 'automatic-list') {
    plan.list = listOf(context, table, definition)
    if (definition.item?.kind === 'in' && definition.item.tuples) plan.listOfTuples = true
    checkList(table, definition.name, plan.list, others, table.id !== 0n && defaults.added === true)
  } else {
    const types = partitionTypes(table)
    const existing = others.flatMap((p) => (p.range ? [p.range] : []))
    plan.range = resolveRange(types, definition.item, existing)
    checkRange(types, plan.range, existing)
  }
  return plan
}

/** Frontends of 3.4 and later give a partition's physical partition an id of its own. */
export const hasOwnPhysicalIds = (context: LabSqlContext): boolean => context.profile.atLeast('3.5')

/** Makes the partition: logical id (unless given), then the physical one, its tablets and replicas. */
export const makePartition = (
  context: LabSqlContext,
  table: LabTable,
  plan: PartitionPlan,
  options: { temporary?: boolean; id?: bigint } = {},
): LabPartition => {
  const { state } = context
  const id = options.id ?? state.nextId()
  const physical = createPhysicalPartition(state, table, {
    buckets: plan.buckets,
    replicationNum: plan.replicationNum,
    ...(hasOwnPhysicalIds(context) ? {} : { id }),
  })
  const partition: LabPartition = {
    id,
    name: plan.name,
    temporary: options.temporary ?? false,
    buckets: plan.buckets,
    replicationNum: plan.replicationNum,
    storageMedium: plan.storageMedium ?? 'SSD',
    cooldownTime: context.profile.version === '4.1' ? '9999-12-31 23:59:59' : '9999-12-31 15:59:59',
    physical: [physical],
  }
  if (plan.range) partition.range = plan.range
  if (plan.list) partition.list = plan.list
  if (plan.listOfTuples) partition.listOfTuples = true
  table.partitions.push(partition)
  return partition
}

export const partitionExists = (context: LabSqlContext, table: LabTable, name: string, temporary: boolean): boolean =>
  findPartitionByName(context.state, table, name, temporary) !== undefined ||
  findPartitionByName(context.state, table, name, !temporary) !== undefined
