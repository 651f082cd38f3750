import { partitionTypes, truncate } from '../data/index.ts'
import type { LabPartition, LabTable } from '../model.ts'
import { hasOwnPhysicalIds, makePartition, planPartition } from './add-partition.ts'
import type { AlterClause } from './alter-clauses.ts'
import { automaticBuckets } from './automatic-buckets.ts'
import type { LabSqlContext } from './context.ts'
import { checkReplication } from './create-table.ts'
import { analysisFailure, failure } from './errors.ts'
import { expandBatch } from './partition-batch.ts'
import { automaticUnit } from './partitioning.ts'
import { findPartitionByName } from './resolve.ts'
import type { DistributionClause, PartitionDefinition, Properties } from './statements.ts'
import { propertyMapText } from './table-properties.ts'

type PartitionAlter = Extract<
  AlterClause,
  {
    kind:
      | 'add-partition'
      | 'add-partitions'
      | 'drop-partition'
      | 'replace-partition'
      | 'truncate-partition'
      | 'modify-partition'
      | 'rename-partition'
  }
>

const refuseDynamic = (table: LabTable): void => {
  if (table.properties.get('dynamic_partition.enable')?.toLowerCase() !== 'true') return
  throw analysisFailure(
    'Cannot add/drop partition on a Dynamic Partition Table, Use command `ALTER TABLE tbl_name SET ("dynamic_partition.enable" = "false")` firstly.',
  )
}

const automaticRange = (context: LabSqlContext) =>
  context.profile.atLeast('3.3')
    ? analysisFailure(
        'Currently, you cannot manually add a single range partition to a table that is automatically partition',
      )
    : failure('Automatically partitioned tables only support the syntax for adding partitions in batches.')

export const alterPartitions = (context: LabSqlContext, table: LabTable, clause: PartitionAlter): void => {
  const find = (name: string, temporary: boolean): LabPartition | undefined =>
    findPartitionByName(context.state, table, name, temporary)
  switch (clause.kind) {
    case 'add-partition':
      if (table.partitioning.kind === 'none') throw analysisFailure(`Table ${table.name} is not partitioned`)
      if (clause.definition.item?.kind !== 'in') {
        if (table.partitioning.kind === 'expression-range') throw automaticRange(context)
        refuseWrongKind(table)
      }
      if (!clause.temporary) refuseDynamic(table)
      addPartitions(context, table, [clause.definition], clause.distribution, clause.temporary, clause.properties)
      return
    case 'add-partitions':
      addBatch(context, table, clause)
      return
    case 'drop-partition':
      dropPartitions(context, table, clause)
      return
    case 'replace-partition':
      if (!clause.temporary) throw analysisFailure('Only support replace partitions with temp partitions')
      replacePartitions(context, table, clause.names, clause.temporaryNames, clause.properties)
      return
    case 'truncate-partition':
      truncate(context.state, table, clause.names)
      return
    case 'modify-partition': {
      const chosen =
        clause.names === '*' ? table.partitions.filter((p) => !p.temporary) : clause.names.map((n) => find(n, false))
      for (const partition of chosen) {
        if (!partition) throw failure(`Partition does not exist in table ${table.name}`)
        for (const [key, value] of clause.properties) {
          if (key === 'replication_num') partition.replicationNum = Number(value)
          if (key === 'storage_medium') partition.storageMedium = value.toUpperCase() === 'HDD' ? 'HDD' : 'SSD'
        }
      }
      return
    }
    case 'rename-partition': {
      if (table.partitioning.kind === 'none') {
        throw failure(`Table[${table.name}] is single partitioned. no need to rename partition name.`)
      }
      if (table.partitioning.kind === 'expression-range' || table.partitioning.kind === 'automatic-list') {
        throw analysisFailure('Currently, you cannot rename the partition of an automatic partitioned table')
      }
      const partition = find(clause.from, false)
      if (!partition) throw failure(`Partition[${clause.from}] does not exists`)
      if (find(clause.to, false)) throw failure(`Partition name[${clause.to}] is already used`)
      partition.name = clause.to
    }
  }
}

const duplicateName = (context: LabSqlContext, name: string) =>
  context.profile.atLeast('3.3')
    ? analysisFailure(`Duplicate partition name ${name}`, 1517)
    : failure(`Duplicate partition name ${name}`)

const refuseWrongKind = (table: LabTable): void => {
  if (table.partitioning.kind === 'list' || table.partitioning.kind === 'automatic-list') {
    throw failure('Cannot add a Range partition to a table that partition type is not of Range')
  }
}

/** `replication_num` and the like are taken, anything else is not known. */
const knownPartitionProperty =
  /^(replication_num|storage_medium|storage_cooldown_time|in_memory|datacache\.enable|version_info)$/

const checkProperties = (properties: Properties): void => {
  const unknown = properties.filter(([key]) => !knownPartitionProperty.test(key))
  if (unknown.length > 0) throw analysisFailure(`Unknown properties: ${propertyMapText(unknown)}`)
}

const addPartitions = (
  context: LabSqlContext,
  table: LabTable,
  definitions: PartitionDefinition[],
  distribution: DistributionClause | undefined,
  temporary: boolean,
  properties: Properties,
): void => {
  const fresh = definitions.filter((definition) => {
    const exists =
      findPartitionByName(context.state, table, definition.name, false) ??
      findPartitionByName(context.state, table, definition.name, true)
    if (!exists) return true
    if (definition.ifNotExists) return false
    throw duplicateName(context, definition.name)
  })
  const buckets = bucketsOf(context, table, distribution)
  const replicationNum = Number(
    table.properties.get('default.replication_num') ?? table.properties.get('replication_num') ?? 1,
  )
  const others = table.partitions.filter((p) => p.temporary === temporary)
  const plans = fresh.map((definition) => {
    checkProperties([...definition.properties, ...properties])
    const merged = { ...definition, properties: [...properties, ...definition.properties] }
    const plan = planPartition(context, table, merged, others, { buckets, replicationNum, added: true })
    checkReplication(context, plan.replicationNum)
    return plan
  })
  for (const plan of plans) makePartition(context, table, plan, { temporary })
  void hasOwnPhysicalIds
}

/** Only the number of buckets may differ from the table's distribution. */
const bucketsOf = (context: LabSqlContext, table: LabTable, distribution: DistributionClause | undefined): number => {
  const usual = table.distribution.buckets || automaticBuckets(context, table)
  if (!distribution) return usual
  if (distribution.kind !== table.distribution.kind) {
    throw failure(`Cannot assign different distribution type. default is: ${table.distribution.kind.toUpperCase()}`)
  }
  const same =
    distribution.columns.length === table.distribution.columns.length &&
    distribution.columns.every((c, i) => c.toLowerCase() === table.distribution.columns[i]?.toLowerCase())
  if (!same) {
    throw failure(
      `Cannot assign hash distribution with different distribution cols. default is: ${table.distribution.columns.join(',')}`,
    )
  }
  if (table.colocateGroup !== undefined && distribution.buckets !== undefined && distribution.buckets !== usual) {
    throw failure(`Colocate tables must have same bucket num: ${usual} but get ${distribution.buckets}`)
  }
  return distribution.buckets ?? usual
}

const addBatch = (
  context: LabSqlContext,
  table: LabTable,
  clause: Extract<AlterClause, { kind: 'add-partitions' }>,
): void => {
  if (table.partitioning.kind === 'none') throw analysisFailure(`Table ${table.name} is not partitioned`)
  const quarter = clause.batches.find((b) => b.every.unit === 'QUARTER')
  if (!quarter) refuseWrongKind(table)
  if (!clause.temporary) refuseDynamic(table)
  const type = partitionTypes(table)[0] ?? ''
  const unit = automaticUnit(table.partitioning)
  const prefix = clause.temporary ? 'tp' : 'p'
  const made = clause.batches
    .flatMap((batch) => expandBatch(batch, { type, automaticUnit: unit, prefix }))
    .map(
      ({ name, range }): PartitionDefinition => ({
        name,
        ifNotExists: false,
        item: { kind: 'fixed', lower: range.lower, upper: range.upper === 'MAXVALUE' ? ['MAXVALUE'] : range.upper },
        properties: [],
        place: '',
      }),
    )
  for (const { name } of made) {
    const taken = findPartitionByName(context.state, table, name, clause.temporary)
    if (taken) throw duplicateName(context, name)
  }
  addPartitions(
    context,
    table,
    [...clause.definitions, ...made],
    clause.distribution,
    clause.temporary,
    clause.properties,
  )
}

const dropPartitions = (
  context: LabSqlContext,
  table: LabTable,
  clause: Extract<AlterClause, { kind: 'drop-partition' }>,
): void => {
  if (!clause.temporary) refuseDynamic(table)
  if (table.partitioning.kind === 'none')
    throw analysisFailure('Alter clause DROP PARTITION not support for single partition table')
  const names = clause.batch
    ? expandBatch(clause.batch, { type: partitionTypes(table)[0] ?? '', prefix: clause.temporary ? 'tp' : 'p' }).map(
        (p) => p.name,
      )
    : clause.names
  const found = names.map((name) => findPartitionByName(context.state, table, name, clause.temporary))
  const missing = names.filter((_name, i) => found[i] === undefined)
  if (missing.length > 0 && !clause.ifExists && clause.batch === undefined) {
    const list = missing.join(', ')
    throw failure(`Error in list of partitions to ${context.profile.atLeast('3.5') ? `[${list}]` : list}`, 1507)
  }
  if (!clause.force && !clause.temporary)
    for (const partition of found)
      if (partition) context.state.recycleBin.push({ kind: 'partition', tableId: table.id, partition })
  table.partitions = table.partitions.filter((p) => !found.includes(p))
}

const replacePartitions = (
  context: LabSqlContext,
  table: LabTable,
  names: string[],
  temporaryNames: string[],
  properties: Properties,
): void => {
  const options = new Map(properties)
  const old = names.map((name) => {
    const found = findPartitionByName(context.state, table, name, false)
    if (!found) throw failure(`Partition[${name}] does not exist`)
    return found
  })
  const fresh = temporaryNames.map((name) => {
    const found = findPartitionByName(context.state, table, name, true)
    if (!found) throw failure(`Temp partition[${name}] does not exist`)
    return found
  })
  if (
    options.get('strict_range') !== 'false' &&
    table.partitioning.kind !== 'list' &&
    table.partitioning.kind !== 'automatic-list'
  ) {
    const text = (partitions: LabPartition[]): string => JSON.stringify(partitions.map((p) => p.range).sort())
    if (old.length === fresh.length && text(old) !== text(fresh)) {
      throw failure(`2 range lists are not stricly matched. [${names.join(',')}] vs. [${temporaryNames.join(',')}]`)
    }
  }
  const keepNames = options.get('use_temp_partition_name') !== 'true' && old.length === fresh.length
  fresh.forEach((partition, i) => {
    partition.temporary = false
    const name = old[i]?.name
    if (keepNames && name !== undefined) partition.name = name
  })
  table.partitions = table.partitions.filter((p) => !old.includes(p))
}
