import { ThriftWriter, wire } from './writer.ts'

/** TBackend: where the target's nodes reach a source backend – mapped from their point of view. */
export interface ReplicaBackend {
  readonly host: string
  readonly bePort: number
  readonly httpPort: number
}

/** TTabletReplicationInfo. */
export interface TabletReplication {
  /** On the target. */
  tabletId: bigint
  sourceTabletId: bigint
  /** Source replicas, the healthiest first. Between shared-data clusters: none. */
  backends: readonly ReplicaBackend[]
}

/** TIndexReplicationInfo. */
export interface IndexReplication {
  /** On the target. */
  indexId: bigint
  /** Signed 32 bit; may be negative. */
  sourceSchemaHash: number
  tablets: Iterable<TabletReplication>
}

/** TPartitionReplicationInfo. */
export interface PartitionReplication {
  /** Physical, on the target. */
  partitionId: bigint
  sourceVersion: bigint
  indexes: Iterable<IndexReplication>
  /** Leave out only where the source has none: without it the target keeps its own. */
  sourceVersionEpoch?: bigint
  /** Physical; between shared-data clusters only. */
  sourcePartitionId?: bigint
}

/** TTableReplicationRequest. Ids are the target's unless they say source. Iterables are walked once, while encoding. */
export interface TableReplicationRequest {
  username?: string
  password?: string
  databaseId: bigint
  tableId: bigint
  sourceToken: string
  /** Defaults to OLAP, which the frontend demands of every source, shared-data ones too. */
  sourceTableType?: number
  sourceTableDataSize?: bigint
  partitions: Iterable<PartitionReplication>
  /** Letters, digits, `-` and `_`: it becomes part of the transaction's label, which has at most 128 characters. */
  jobId: string
  sourceRunMode?: 'shared_nothing' | 'shared_data'
  /** Name, on the target, of the volume that points at the source's bucket. */
  sourceStorageVolume?: string
  sourceServiceId?: string
  sourceDatabaseId?: bigint
  sourceTableId?: bigint
}

/** TTableType.OLAP_TABLE */
const olapTable = 1
/** TRunMode */
const runModes = { shared_nothing: 0, shared_data: 1 } as const

/** Writes the fields of a TTableReplicationRequest. Fields that older targets do not know are skipped by them. */
export function writeTableReplicationRequest(writer: ThriftWriter, request: TableReplicationRequest): void {
  writer.stringField(1, request.username)
  writer.stringField(2, request.password)
  writer.i64Field(3, request.databaseId)
  writer.i64Field(4, request.tableId)
  writer.stringField(5, request.sourceToken)
  writer.i32Field(6, request.sourceTableType ?? olapTable)
  writer.i64Field(7, request.sourceTableDataSize)
  writer.field(wire.map, 8)
  writeMap(writer, request.partitions, (partition) => partition.partitionId, writePartition)
  writer.stringField(9, request.jobId)
  writer.i32Field(10, request.sourceRunMode && runModes[request.sourceRunMode])
  writer.stringField(11, request.sourceStorageVolume)
  writer.stringField(12, request.sourceServiceId)
  writer.i64Field(13, request.sourceDatabaseId)
  writer.i64Field(14, request.sourceTableId)
}

function writePartition(writer: ThriftWriter, partition: PartitionReplication): void {
  writer.i64Field(1, partition.partitionId)
  writer.i64Field(2, partition.sourceVersion)
  writer.field(wire.map, 3)
  writeMap(writer, partition.indexes, (index) => index.indexId, writeIndex)
  writer.i64Field(4, partition.sourceVersionEpoch)
  writer.i64Field(5, partition.sourcePartitionId)
}

function writeIndex(writer: ThriftWriter, index: IndexReplication): void {
  writer.i64Field(1, index.indexId)
  writer.i32Field(2, index.sourceSchemaHash)
  writer.field(wire.map, 3)
  writeMap(writer, index.tablets, (tablet) => tablet.tabletId, writeTablet)
}

function writeTablet(writer: ThriftWriter, tablet: TabletReplication): void {
  writer.i64Field(1, tablet.tabletId)
  writer.i64Field(2, tablet.sourceTabletId)
  // Must be set even when empty: the frontend asks an unset list for its size.
  writer.field(wire.list, 3)
  const size = writer.list(wire.struct)
  for (const backend of tablet.backends) writeReplica(writer, backend)
  size(tablet.backends.length)
}

/** The same few backends are in every tablet of a request, a million times over: each is encoded once. */
const encodedReplicas = new WeakMap<ReplicaBackend, Buffer>()

/** TReplicaReplicationInfo with its TBackend. */
function writeReplica(writer: ThriftWriter, backend: ReplicaBackend): void {
  let encoded = encodedReplicas.get(backend)
  if (!encoded) {
    encoded = encodeReplica(backend)
    encodedReplicas.set(backend, encoded)
  }
  writer.raw(encoded)
}

function encodeReplica(backend: ReplicaBackend): Buffer {
  const writer = new ThriftWriter(64)
  writer.field(wire.struct, 1)
  writer.stringField(1, backend.host)
  writer.i32Field(2, backend.bePort)
  writer.i32Field(3, backend.httpPort)
  writer.stop()
  writer.stop()
  return writer.bytes()
}

/** A map from an id to its struct. The frontend reads the id inside the struct; the key is the same. */
function writeMap<T>(
  writer: ThriftWriter,
  items: Iterable<T>,
  key: (item: T) => bigint,
  write: (writer: ThriftWriter, item: T) => void,
): void {
  const setSize = writer.map(wire.i64, wire.struct)
  let size = 0
  for (const item of items) {
    writer.i64(key(item))
    write(writer, item)
    writer.stop()
    size++
  }
  setSize(size)
}
