import { type Address, type AddressMap, mapAddress, mapsHost } from '../address-map.ts'
import { parseDataSize, parsePercent } from '../data-size.ts'
import type { Row } from '../row.ts'
import { parseVersion, type Version } from '../version.ts'

/** A frontend as SHOW FRONTENDS tells it. Host and ports are mapped: how they are reached from here. */
export interface Frontend {
  name: string
  host: string
  queryPort: number
  httpPort: number
  rpcPort: number
  /** The address that the cluster itself prints. */
  printed: { host: string; queryPort: number; httpPort: number; rpcPort: number }
  /** The number that the cluster got when it was set up and keeps for ever; undefined where it tells none. */
  clusterId?: string
  role: 'LEADER' | 'FOLLOWER' | 'OBSERVER' | (string & {})
  alive: boolean
  version: Version
  error: string
  /** Of its process, as the cluster prints it; undefined where it does not. */
  startTime?: string
}

/** What a backend and a compute node have in common. Host and ports are as the cluster prints them, unmapped. */
export interface Node {
  id: bigint
  host: string
  heartbeatPort: number
  bePort: number
  httpPort: number
  brpcPort: number
  alive: boolean
  decommissioned: boolean
  version: string
  error: string
  location: string
}

/** A backend as SHOW BACKENDS tells it; sizes in bytes. Dead ones keep their last values. */
export interface Backend extends Node {
  tabletCount: number
  usedBytes: bigint | undefined
  availableBytes: bigint | undefined
  totalBytes: bigint | undefined
  /** Of all disks together, 0–100. */
  usedPercent: number | undefined
  /** Of the fullest disk, 0–100: what a limit must be held against. */
  maxDiskUsedPercent: number | undefined
}

export interface ComputeNode extends Node {
  hasStoragePath: boolean
  warehouse: string
}

/**
 * SHOW FRONTENDS. When there is only one frontend and the map does not know it, `reached` is its host: a lone frontend often registers an
 * address (127.0.0.1, a container's) that means nothing here, while its ports are published under the host that we connected to.
 */
export function readFrontends(rows: readonly Row[], map: AddressMap | undefined, reached?: Address): Frontend[] {
  const lone = rows.length === 1
  return rows.map((row) => {
    const printed = {
      host: row.required('IP'),
      queryPort: row.int('QueryPort'),
      httpPort: row.int('HttpPort'),
      rpcPort: row.int('RpcPort'),
    }
    const query = mapAddress(map, printed.host, printed.queryPort)
    return {
      name: row.required('Name'),
      host: lone && reached && !mapsHost(map, printed.host) ? reached.host : query.host,
      queryPort: query.port,
      httpPort: mapAddress(map, printed.host, printed.httpPort).port,
      rpcPort: mapAddress(map, printed.host, printed.rpcPort).port,
      printed,
      clusterId: row.get('ClusterId') || undefined,
      role: (row.get('Role') ?? '').toUpperCase(),
      alive: row.flag('Alive'),
      version: parseVersion(row.get('Version') ?? ''),
      error: row.get('ErrMsg') ?? '',
      startTime: row.get('StartTime') ?? undefined,
    }
  })
}

/**
 * Whether two listings are of one cluster: they have its id, and some frontend, in common. The id alone does not tell: a cluster that was set up from
 * another's metadata has the same, on hosts of its own; nor do addresses: lone frontends often print 127.0.0.1.
 */
export function isSameCluster(a: readonly Frontend[], b: readonly Frontend[]): boolean {
  const identity = ({ clusterId, printed: { host, queryPort, rpcPort } }: Frontend) =>
    clusterId === undefined ? undefined : JSON.stringify([clusterId, host, queryPort, rpcPort])
  const known = new Set(a.map(identity))
  return b.map(identity).some((one) => one !== undefined && known.has(one))
}

/** SHOW BACKENDS. */
export function readBackends(rows: readonly Row[]): Backend[] {
  return rows.map((row) => ({
    ...readNode(row, 'BackendId'),
    tabletCount: row.optionalInt('TabletNum') ?? 0,
    usedBytes: parseDataSize(row.get('DataUsedCapacity')),
    availableBytes: parseDataSize(row.get('AvailCapacity')),
    totalBytes: parseDataSize(row.get('TotalCapacity')),
    usedPercent: parsePercent(row.get('UsedPct')),
    maxDiskUsedPercent: parsePercent(row.get('MaxDiskUsedPct')),
  }))
}

/** SHOW COMPUTE NODES. */
export function readComputeNodes(rows: readonly Row[]): ComputeNode[] {
  return rows.map((row) => ({
    ...readNode(row, 'ComputeNodeId'),
    hasStoragePath: row.flag('HasStoragePath'),
    warehouse: row.get('WarehouseName') ?? '',
  }))
}

function readNode(row: Row, id: string): Node {
  return {
    id: row.bigint(id),
    host: row.required('IP'),
    heartbeatPort: row.optionalInt('HeartbeatPort') ?? -1,
    bePort: row.int('BePort'),
    httpPort: row.int('HttpPort'),
    brpcPort: row.optionalInt('BrpcPort') ?? -1,
    alive: row.flag('Alive'),
    decommissioned: row.flag('SystemDecommissioned') || row.flag('ClusterDecommissioned'),
    version: row.get('Version') ?? '',
    error: row.get('ErrMsg') ?? '',
    location: row.get('Location') ?? '',
  }
}
