import type {
  BackendAddress,
  IndexInfo,
  PartitionInfo,
  ReplicationRequest,
  TabletInfo,
} from '../replication/request.ts'
import { type BinaryReader, ProtocolError, TType } from './binary-reader.ts'

/** Reads TTableReplicationRequest; ids and types as FrontendService.thrift has them. */
export function readReplicationRequest(from: BinaryReader): ReplicationRequest {
  const request: ReplicationRequest = {}
  from.struct((id, type) => {
    if (type === TType.string) return readText(from, request, id)
    if (type === TType.i64) return readNumber(from, request, id)
    if (type === TType.i32 && id === 6) request.sourceTableType = from.i32()
    else if (type === TType.i32 && id === 10) request.sourceRunMode = from.i32()
    else if (type === TType.map && id === 8) request.partitions = from.mapOfI64(() => readPartition(from))
    else return false
    return true
  })
  return request
}

function readText(from: BinaryReader, request: ReplicationRequest, id: number): boolean {
  if (id === 1) request.username = from.string()
  else if (id === 2) request.password = from.string()
  else if (id === 5) request.sourceToken = from.string()
  else if (id === 9) request.jobId = from.string()
  else if (id === 11) request.sourceStorageVolume = from.string()
  else if (id === 12) request.sourceServiceId = from.string()
  else return false
  return true
}

function readNumber(from: BinaryReader, request: ReplicationRequest, id: number): boolean {
  if (id === 3) request.databaseId = from.i64()
  else if (id === 4) request.tableId = from.i64()
  else if (id === 7) request.sourceTableDataSize = from.i64()
  else if (id === 13) request.sourceDatabaseId = from.i64()
  else if (id === 14) request.sourceTableId = from.i64()
  else return false
  return true
}

function readPartition(from: BinaryReader): PartitionInfo {
  const info: PartitionInfo = {}
  from.struct((id, type) => {
    if (type === TType.map && id === 3) info.indexes = from.mapOfI64(() => readIndex(from))
    else if (type !== TType.i64) return false
    else if (id === 1) info.partitionId = from.i64()
    else if (id === 2) info.sourceVersion = from.i64()
    else if (id === 4) info.sourceVersionEpoch = from.i64()
    else if (id === 5) info.sourcePartitionId = from.i64()
    else return false
    return true
  })
  return info
}

function readIndex(from: BinaryReader): IndexInfo {
  const info: IndexInfo = {}
  from.struct((id, type) => {
    if (type === TType.i64 && id === 1) info.indexId = from.i64()
    else if (type === TType.i32 && id === 2) info.sourceSchemaHash = from.i32()
    else if (type === TType.map && id === 3) info.tablets = from.mapOfI64(() => readTablet(from))
    else return false
    return true
  })
  return info
}

function readTablet(from: BinaryReader): TabletInfo {
  const info: TabletInfo = {}
  from.struct((id, type) => {
    if (type === TType.i64 && id === 1) info.tabletId = from.i64()
    else if (type === TType.i64 && id === 2) info.sourceTabletId = from.i64()
    else if (type === TType.list && id === 3) info.backends = from.list(() => readReplica(from))
    else return false
    return true
  })
  return info
}

function readReplica(from: BinaryReader): BackendAddress {
  let address: BackendAddress | undefined
  from.struct((id, type) => {
    if (id !== 1 || type !== TType.struct) return false
    address = readBackend(from)
    return true
  })
  return address ?? { host: '', bePort: 0, httpPort: 0 }
}

/** TBackend, whose fields are all required. */
function readBackend(from: BinaryReader): BackendAddress {
  const found: Partial<BackendAddress> = {}
  from.struct((id, type) => {
    if (id === 1 && type === TType.string) found.host = from.string()
    else if (id === 2 && type === TType.i32) found.bePort = from.i32()
    else if (id === 3 && type === TType.i32) found.httpPort = from.i32()
    else return false
    return true
  })
  const missing =
    found.host === undefined
      ? 'host'
      : found.bePort === undefined
        ? 'be_port'
        : found.httpPort === undefined
          ? 'http_port'
          : ''
  if (missing) throw new ProtocolError(`Required field '${missing}' was not found in serialized data! Struct: TBackend`)
  return { host: found.host ?? '', bePort: found.bePort ?? 0, httpPort: found.httpPort ?? 0 }
}
