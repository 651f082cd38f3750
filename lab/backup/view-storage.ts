import { createPhysicalPartition } from '../data/index.ts'
import type { LabMaterializedView, LabState, LabTable } from '../model.ts'

const storages = new WeakMap<LabMaterializedView, LabTable>()

/** A materialized view is a table underneath. The lab keeps no rows of it, but its partition and tablets are in backups. */
export const viewStorage = (state: LabState, view: LabMaterializedView): LabTable => {
  const known = storages.get(view)
  if (known) return known
  const buckets = Number(/BUCKETS (\d+)/.exec(view.text)?.[1] ?? 1)
  const keys = [...(/DISTRIBUTED BY HASH\(([^)]*)\)/.exec(view.text)?.[1] ?? '').matchAll(/`?([^`, ]+)`?/g)].map(
    ([, key]) => key ?? '',
  )
  const replicationNum = Number(view.properties.get('replication_num') ?? 1)
  const table: LabTable = {
    kind: 'table',
    id: view.id,
    name: view.name,
    state: 'NORMAL',
    engine: 'OLAP',
    comment: view.comment,
    keysType: 'DUP_KEYS',
    keyColumns: [],
    sortKey: [],
    partitioning: { kind: 'none', columns: [] },
    distribution: keys.length > 0 ? { kind: 'hash', columns: keys, buckets } : { kind: 'random', columns: [], buckets },
    secondaryIndexes: [],
    properties: new Map(view.properties),
    indexes: [
      {
        id: state.nextId(),
        name: view.name,
        columns: view.schema,
        schemaVersion: 0,
        schemaHash: 0,
        shortKeyColumnCount: 1,
        keysType: 'DUP_KEYS',
      },
    ],
    partitions: [],
    createdMs: view.createdMs,
    nextAutoIncrement: 1n,
  }
  const physical = createPhysicalPartition(state, table, { buckets, replicationNum })
  table.partitions.push({
    // Older releases have one id for both.
    id: state.version === '3.1' || state.version === '3.3' ? physical.id : state.nextId(),
    name: view.name,
    temporary: false,
    buckets,
    replicationNum,
    storageMedium: 'SSD',
    cooldownTime: '9999-12-31 23:59:59',
    physical: [physical],
  })
  storages.set(view, table)
  return table
}

/** A refresh that finished wrote something. */
export const touchViewStorage = (state: LabState, view: LabMaterializedView, now: number): void => {
  for (const partition of viewStorage(state, view).partitions) {
    for (const physical of partition.physical) {
      physical.visibleVersion += 1n
      physical.committedVersion = physical.visibleVersion
      physical.dataVersion = physical.visibleVersion
      physical.visibleTimeMs = now
    }
  }
}
