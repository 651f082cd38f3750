import { createPhysicalPartition } from '../data/index.ts'
import type { LabPartition, LabState, LabTable } from '../model.ts'

export const shadowName = '$shadow_automatic_partition'

export const isAutomaticTable = (table: LabTable): boolean =>
  table.partitioning.kind === 'expression-range' || table.partitioning.kind === 'automatic-list'

/** The shadow partition of an automatically partitioned table; undefined where a restore left it out. */
export const shadowOf = (state: LabState, table: LabTable): LabPartition | undefined => {
  if (!isAutomaticTable(table) || table.shadow === 'missing') return undefined
  table.shadow ??= makeShadow(state, table)
  return table.shadow
}

const makeShadow = (state: LabState, table: LabTable): LabPartition => {
  const buckets = table.distribution.buckets || 1
  const replicationNum = Number(table.properties.get('replication_num') ?? 1)
  const id = state.nextId()
  const separate = state.version !== '3.1' && state.version !== '3.3'
  return {
    id,
    name: shadowName,
    temporary: false,
    buckets,
    replicationNum,
    storageMedium: 'HDD',
    cooldownTime: '9999-12-31 23:59:59',
    physical: [createPhysicalPartition(state, table, { buckets, replicationNum, ...(separate ? {} : { id }) })],
  }
}
