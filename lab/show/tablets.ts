import { baseIndex, bytesPerRow } from '../data/index.ts'
import type { LabIndexMeta, LabPhysicalPartition, LabTable, LabTablet } from '../model.ts'
import type { LabCell, LabResult, LabSqlContext } from '../sql/context.ts'
import { byName, shortSize } from './format.ts'

const liveRows = (tablet: LabTablet | undefined): number =>
  tablet ? tablet.rows.reduce((n, row) => (row.until === undefined ? n + 1 : n), 0) : 0

/** Rollups keep no rows of their own: theirs are counted in the base index's tablet of the same bucket. */
const rowsOf = (table: LabTable, physical: LabPhysicalPartition, bucket: number): number =>
  liveRows(physical.tablets.get(baseIndex(table).id)?.[bucket])

const tabletRows = (
  context: LabSqlContext,
  table: LabTable,
  physical: LabPhysicalPartition,
  index: LabIndexMeta,
): Record<string, LabCell>[] => {
  const tablets = physical.tablets.get(index.id) ?? []
  const extraBytes = Math.round((physical.extraBytes ?? 0) / Math.max(1, tablets.length))
  if (context.state.runMode === 'shared_data') {
    return tablets.map((tablet, bucket) => ({
      TabletId: String(tablet.id),
      BackendId: `[${context.state.nodes[bucket % Math.max(1, context.state.nodes.length)]?.id ?? ''}]`,
      DataSize: shortSize(rowsOf(table, physical, bucket) * bytesPerRow + extraBytes),
      RowCount: String(rowsOf(table, physical, bucket)),
      MinVersion: '0',
      Range: 'null',
    }))
  }
  return tablets.flatMap((tablet, bucket) =>
    tablet.replicas.map((replica) => {
      const node = context.state.nodes.find((n) => n.id === replica.backendId)
      const url = `http://${node?.host ?? ''}:${node?.httpPort ?? 0}/api`
      const rows = rowsOf(table, physical, bucket)
      return {
        TabletId: String(tablet.id),
        ReplicaId: String(replica.id),
        BackendId: String(replica.backendId),
        SchemaHash: '0',
        Version: String(replica.version),
        VersionHash: '0',
        LstSuccessVersion: String(replica.version),
        LstSuccessVersionHash: '0',
        LstFailedVersion: String(replica.lastFailedVersion),
        LstFailedVersionHash: '0',
        LstFailedTime: null,
        DataSize: shortSize(rows * bytesPerRow + extraBytes),
        RowCount: String(rows),
        State: replica.state,
        LstConsistencyCheckTime: null,
        CheckVersion: '-1',
        CheckVersionHash: '0',
        VersionCount: '-1',
        PathHash: '123456',
        MetaUrl: `${url}/meta/header/${tablet.id}`,
        CompactionStatus: `${url}/compaction/show?tablet_id=${tablet.id}`,
        DiskRootPath: `/data/be${replica.backendId}/storage`,
        IsConsistent: 'true',
        Checksum: '-1',
      }
    }),
  )
}

/** PROC …/partitions/<pid>/<iid>: a row for each replica, or for each tablet of a shared-data cluster. */
export const showTablets = (
  context: LabSqlContext,
  table: LabTable,
  physical: LabPhysicalPartition,
  index: LabIndexMeta,
  only?: LabTablet,
): LabResult => {
  const rows = tabletRows(context, table, physical, index)
  return byName(context, 'tablets', only ? rows.filter((row) => row.TabletId === String(only.id)) : rows)
}

/** SHOW TABLET FROM t [PARTITION (…)]: the same rows of all partitions and indexes. */
export const showTabletList = (
  context: LabSqlContext,
  table: LabTable,
  partitions: readonly string[] | undefined,
): LabResult => {
  const rows = table.partitions
    .filter((p) => !p.temporary && (partitions ? partitions.includes(p.name) : true))
    .flatMap((p) => p.physical.flatMap((x) => table.indexes.flatMap((index) => tabletRows(context, table, x, index))))
  return byName(context, 'tablet-list', rows)
}

/** PROC …/<iid>/<tid>: the replicas of one tablet, with the real schema hash. */
export const showReplicas = (
  context: LabSqlContext,
  table: LabTable,
  index: LabIndexMeta,
  tablet: LabTablet,
): LabResult => {
  void table
  return byName(
    context,
    'replicas',
    tablet.replicas.map((replica) => {
      const node = context.state.nodes.find((n) => n.id === replica.backendId)
      const url = `http://${node?.host ?? ''}:${node?.httpPort ?? 0}/api`
      return {
        ReplicaId: String(replica.id),
        BackendId: String(replica.backendId),
        Version: String(replica.version),
        VersionHash: '0',
        LstSuccessVersion: String(replica.version),
        LstSuccessVersionHash: '0',
        LstFailedVersion: String(replica.lastFailedVersion),
        LstFailedVersionHash: '0',
        LstFailedTime: null,
        SchemaHash: String(index.schemaHash),
        DataSize: String(liveRows(tablet) * bytesPerRow),
        RowCount: String(liveRows(tablet)),
        State: replica.state,
        IsBad: String(replica.bad),
        IsSetBadForce: 'false',
        VersionCount: '-1',
        PathHash: '123456',
        MetaUrl: `${url}/meta/header/${tablet.id}`,
        CompactionStatus: `${url}/compaction/show?tablet_id=${tablet.id}&schema_hash=${index.schemaHash}`,
        IsErrorState: 'false',
      }
    }),
  )
}
