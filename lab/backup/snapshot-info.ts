import type { LabPhysicalPartition, LabTable, LabVersion } from '../model.ts'
import type { SnapshotMeta } from './snapshot-meta.ts'

interface InfoIndex {
  schema_hash: number
  tablets_order: string[]
  id: number
  tablets: Record<string, string[]>
}

interface InfoPartition {
  indexes: Record<string, InfoIndex>
  id: number
  version_hash: 0
  version: number
  subPartitions?: Record<string, { indexes: Record<string, InfoIndex>; id: number; version: number }>
}

/** `__info_<time>`: what is in a snapshot, with the ids and versions that it was made of. */
export interface SnapshotInfo {
  database: string
  meta_version: number
  backup_time: number
  name: string
  starrocks_meta_version: number
  backup_result: string
  id: number
  backup_objects: Record<string, { partitions: Record<string, InfoPartition>; id: number }>
}

export interface InfoHeader {
  database: string
  databaseId: bigint
  label: string
  createdMs: number
}

/** The manifest in the shape of the release. Lists of files are empty, as in every release since the middle of 2024. */
export const makeInfo = (version: LabVersion, header: InfoHeader, meta: SnapshotMeta): SnapshotInfo => ({
  database: header.database,
  meta_version: 92,
  backup_time: header.createdMs,
  name: header.label,
  starrocks_meta_version: 4,
  backup_result: 'succeed',
  id: Number(header.databaseId),
  backup_objects: Object.fromEntries(
    [...meta.tblNameMap].map(([name, object]) => {
      if (object.kind === 'view') return [name, { partitions: {}, id: Number(object.view.id) }]
      const table = object.kind === 'table' ? object.table : object.storage
      return [name, { partitions: partitionsOf(version, table), id: Number(table.id) }]
    }),
  ),
})

const partitionsOf = (version: LabVersion, table: LabTable): Record<string, InfoPartition> =>
  Object.fromEntries(
    table.partitions.map((partition) => {
      const [first] = partition.physical
      const base = { version_hash: 0 as const, version: Number(first?.visibleVersion ?? 1n) }
      if (version === '3.1' || version === '3.3') {
        const more = partition.physical.length > 1 ? partition.physical : []
        return [
          partition.name,
          {
            indexes: first ? indexesOf(table, first) : {},
            id: Number(partition.id),
            ...base,
            ...(version === '3.3' || more.length > 0 ? { subPartitions: subPartitions(table, more) } : {}),
          },
        ]
      }
      return [
        partition.name,
        { indexes: {}, id: Number(partition.id), ...base, subPartitions: subPartitions(table, partition.physical) },
      ]
    }),
  )

const subPartitions = (
  table: LabTable,
  physical: readonly LabPhysicalPartition[],
): NonNullable<InfoPartition['subPartitions']> =>
  Object.fromEntries(
    physical.map((one) => [
      String(one.id),
      { indexes: indexesOf(table, one), id: Number(one.id), version: Number(one.visibleVersion) },
    ]),
  )

const indexesOf = (table: LabTable, physical: LabPhysicalPartition): Record<string, InfoIndex> =>
  Object.fromEntries(
    table.indexes.map((index) => {
      const ids = (physical.tablets.get(index.id) ?? []).map((tablet) => String(tablet.id))
      return [
        index.name,
        {
          schema_hash: index.schemaHash,
          tablets_order: ids,
          id: Number(index.id),
          tablets: Object.fromEntries(ids.map((id) => [id, []])),
        },
      ]
    }),
  )

/** The short form that SHOW SNAPSHOT prints as Details: no ids, no versions; maps of up to one entry on one line. */
export const briefInfo = (info: SnapshotInfo): string => {
  const objects = Object.entries(info.backup_objects).map(([name, { partitions }]): [string, unknown] => [
    name,
    { partitions: Object.fromEntries(Object.keys(partitions).map((p) => [p, {}])) },
  ])
  return indented(
    {
      database: info.database,
      meta_version: info.meta_version,
      backup_time: info.backup_time,
      name: info.name,
      starrocks_meta_version: info.starrocks_meta_version,
      backup_result: info.backup_result,
      backup_objects: Object.fromEntries(objects),
    },
    0,
  )
}

/** org.json's toString(1). */
const indented = (value: unknown, depth: number): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  if (entries.length === 0) return '{}'
  const inner = ' '.repeat(depth + 1)
  const [first] = entries
  if (entries.length === 1 && first) return `{${JSON.stringify(first[0])}: ${indented(first[1], depth)}}`
  return `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${indented(item, depth + 1)}`).join(',\n')}\n${' '.repeat(depth)}}`
}
