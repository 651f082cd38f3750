/** A startTableReplication request as it came over the wire; what was not set is undefined, as Java sees null. */
export interface ReplicationRequest {
  username?: string
  password?: string
  databaseId?: bigint
  tableId?: bigint
  sourceToken?: string
  sourceTableType?: number
  sourceTableDataSize?: bigint
  /** By map key; the frontend reads only the ids inside. */
  partitions?: Map<bigint, PartitionInfo>
  jobId?: string
  sourceRunMode?: number
  sourceStorageVolume?: string
  sourceServiceId?: string
  sourceDatabaseId?: bigint
  sourceTableId?: bigint
}

export interface PartitionInfo {
  partitionId?: bigint
  sourceVersion?: bigint
  indexes?: Map<bigint, IndexInfo>
  sourceVersionEpoch?: bigint
  sourcePartitionId?: bigint
}

export interface IndexInfo {
  indexId?: bigint
  sourceSchemaHash?: number
  tablets?: Map<bigint, TabletInfo>
}

export interface TabletInfo {
  tabletId?: bigint
  sourceTabletId?: bigint
  /** Replicas of the source tablet, in the order to try. */
  backends?: BackendAddress[]
}

export interface BackendAddress {
  host: string
  bePort: number
  httpPort: number
}

/** Values of enums TTableType and TRunMode. */
export const OLAP_TABLE = 1
export const SHARED_DATA = 1
