import { randomUUID } from 'node:crypto'
import { tableBytes } from '../data/index.ts'
import type {
  LabDatabase,
  LabObject,
  LabPartition,
  LabPhysicalPartition,
  LabState,
  LabTable,
  LabTablet,
} from '../model.ts'
import type { PartitionWork, RunningJob, TabletWork } from './job.ts'
import {
  type IndexInfo,
  OLAP_TABLE,
  type PartitionInfo,
  type ReplicationRequest,
  SHARED_DATA,
  type TabletInfo,
} from './request.ts'

/** The reason of an INTERNAL_ERROR answer. */
export class RequestRefused extends Error {
  override name = 'RequestRefused'
}

/** The frontend fails to write its answer and closes the connection: the client sees an end of stream. */
export class ConnectionClosed extends Error {
  override name = 'ConnectionClosed'
}

/** Since when a target compares data versions; before it was visible versions. */
export function comparesDataVersions(state: LabState): boolean {
  return state.version === '3.5' || state.version === '4.1'
}

export function findDatabase(state: LabState, id: bigint | undefined): LabDatabase | undefined {
  for (const db of state.databases.values()) if (db.id === id) return db
  return undefined
}

export function findTable(db: LabDatabase, id: bigint | undefined): LabObject | undefined {
  for (const object of db.objects.values()) if (object.id === id) return object
  return undefined
}

export function findPhysical(
  table: LabTable,
  id: bigint | undefined,
): { partition: LabPartition; physical: LabPhysicalPartition } | undefined {
  for (const partition of table.partitions) {
    for (const physical of partition.physical) if (physical.id === id) return { partition, physical }
  }
  return undefined
}

/**
 * Makes a job of a request, with the checks of a frontend in its order and its words.
 * @throws RequestRefused with the text of the answer
 * @throws ConnectionClosed where a frontend answers nothing
 */
export function constructJob(state: LabState, request: ReplicationRequest): RunningJob {
  if (request.sourceTableType !== OLAP_TABLE) throw new ConnectionClosed('the source type is no OLAP table')
  const databaseId = request.databaseId ?? 0n
  const tableId = request.tableId ?? 0n
  const db = findDatabase(state, databaseId)
  if (!db) {
    // The frontend keeps information_schema as database 1, with tables that are not replicated.
    if (databaseId === 1n) throw new RequestRefused(`Table ${tableId} in database information_schema not found`)
    throw new RequestRefused(`Database ${databaseId} not found`)
  }
  const table = findTable(db, tableId)
  if (!table) throw new RequestRefused(`Table ${tableId} in database ${db.name} not found`)
  if (table.kind !== 'table') throw new RequestRefused(`Table ${table.name} in database ${db.name} is not olap table`)
  if (!request.partitions) {
    throw new RequestRefused(
      'Cannot invoke "java.util.Map.values()" because "request.partition_replication_infos" is null',
    )
  }
  const lake = request.sourceRunMode === SHARED_DATA
  if (lake) checkLake(state, request)
  const partitions = [...request.partitions.values()].flatMap(
    (info) => partitionWork(state, db, table, info, lake) ?? [],
  )
  if (partitions.length === 0) throw new RequestRefused('No data need to replicate')
  const jobId = request.jobId || randomUUID()
  return {
    record: {
      jobId,
      databaseId,
      tableId,
      txnId: 0n,
      createdMs: state.now(),
      state: 'INITIALIZING',
      finishedTasks: 0,
      totalTasks: 0,
      error: '',
    },
    databaseName: db.name,
    table,
    sourceToken: request.sourceToken ?? '',
    lake,
    sourceServiceId: request.sourceServiceId ?? '',
    partitions,
    replicaCount: partitions.reduce(
      (sum, one) => sum + one.tablets.reduce((n, tablet) => n + tablet.replicas.length, 0),
      0,
    ),
    dataSize: (request.sourceTableDataSize ?? 0n) - BigInt(tableBytes(table)),
    bytes: 0,
    label: `REPLICATION_${databaseId}_${tableId}_${jobId}`,
    begunMs: 0,
    enteredMs: 0,
  }
}

function checkLake(state: LabState, request: ReplicationRequest): void {
  if (state.version !== '4.1' || state.runMode !== 'shared_data') return
  const volume = request.sourceStorageVolume ?? ''
  if (!state.storageVolumes.has(volume)) throw new RequestRefused(`Source storage volume not found: ${volume}`)
}

/** Undefined when source and target stand at the same version: such a partition is skipped without a word. */
function partitionWork(
  state: LabState,
  db: LabDatabase,
  table: LabTable,
  info: PartitionInfo,
  lake: boolean,
): PartitionWork | undefined {
  const id = info.partitionId ?? 0n
  const found = findPhysical(table, id)
  if (!found) throw new RequestRefused(`Partition ${id} in table ${table.name} in database ${db.name} not found`)
  const { partition, physical } = found
  const sourceVersion = info.sourceVersion ?? 0n
  if (physical.committedVersion !== physical.visibleVersion) {
    throw new RequestRefused(
      `Partition ${id} in table ${table.name} in database ${db.name} publish version not finished`,
    )
  }
  const byData = comparesDataVersions(state)
  const targetVersion = byData ? physical.dataVersion : physical.visibleVersion
  const kind = byData ? 'data' : 'visible'
  if (targetVersion > sourceVersion) {
    throw new RequestRefused(
      `Target ${kind} version: ${targetVersion} is larger than source ${kind} version: ${sourceVersion}`,
    )
  }
  if (targetVersion === sourceVersion) return undefined
  if (lake && (info.sourcePartitionId ?? 0n) <= 0n) {
    throw new RequestRefused(`Source cluster partition id: ${info.sourcePartitionId ?? 0n} is invalid`)
  }
  if (!info.indexes) throw nullMap('tPartitionInfo.index_replication_infos')
  return {
    partitionId: id,
    partitionName: partition.name,
    targetVersion: physical.dataVersion,
    sourceVersion,
    sourceVersionEpoch: info.sourceVersionEpoch ?? 0n,
    sourcePartitionId: info.sourcePartitionId ?? 0n,
    tablets: [...info.indexes.values()].flatMap((index) => indexWork(state, table, partition, physical, index)),
  }
}

function indexWork(
  state: LabState,
  table: LabTable,
  partition: LabPartition,
  physical: LabPhysicalPartition,
  info: IndexInfo,
): TabletWork[] {
  const id = info.indexId ?? 0n
  const tablets = physical.tablets.get(id)
  if (!tablets) {
    const where = state.version === '3.1' ? partition.name : physical.id
    throw new RequestRefused(`Index ${id} in partition ${where} in table ${table.name} not found`)
  }
  if (!info.tablets) throw nullMap('tIndexInfo.tablet_replication_infos')
  const byId = new Map(tablets.map((tablet) => [tablet.id, tablet]))
  return [...info.tablets.values()].map((tablet) => tabletWork(table, id, info.sourceSchemaHash ?? 0, byId, tablet))
}

function tabletWork(
  table: LabTable,
  indexId: bigint,
  sourceSchemaHash: number,
  tablets: ReadonlyMap<bigint, LabTablet>,
  info: TabletInfo,
): TabletWork {
  const id = info.tabletId ?? 0n
  const tablet = tablets.get(id)
  if (!tablet) throw new RequestRefused(`Tablet ${id} in index ${indexId} in table ${table.name} not found`)
  if (!info.backends) throw new RequestRefused('Cannot invoke "java.util.List.size()" because "tReplicaInfos" is null')
  const targets = tablet.replicas.length > 0 ? tablet.replicas.map((replica) => replica.id) : [0n]
  const slices = slice(info.backends, targets.length)
  return {
    indexId,
    sourceSchemaHash,
    tabletId: id,
    sourceTabletId: info.sourceTabletId ?? 0n,
    replicas: targets.map((replica, i) => ({ id: replica, sources: slices[i] ?? [] })),
    copied: new Set(),
  }
}

/** Each target replica tries a contiguous part of the source replicas; the first ones get one more when it does not come out even. */
function slice<T>(sources: readonly T[], count: number): T[][] {
  const each = Math.floor(sources.length / count)
  const more = sources.length % count
  let from = 0
  return Array.from({ length: count }, (_, i) => {
    const size = each + (i < more ? 1 : 0)
    from += size
    return sources.slice(from - size, from)
  })
}

function nullMap(name: string): RequestRefused {
  return new RequestRefused(`Cannot invoke "java.util.Map.values()" because "${name}" is null`)
}
