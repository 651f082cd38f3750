import type { LabDatabase, LabNode, LabPhysicalPartition, LabState, LabTable, LabTablet } from '../model.ts'
import type { BackendAddress } from './request.ts'

/** Where a tablet lies in its cluster. */
export interface TabletPlace {
  database: LabDatabase
  table: LabTable
  physical: LabPhysicalPartition
  indexId: bigint
  bucket: number
  tablet: LabTablet
}

/** A cluster of this process, as the backends of another one see it. */
export interface RegisteredCluster {
  state: LabState
  /** A node that answers nobody, though its cluster may think it alive. */
  unreachable(node: LabNode, by: LabState): boolean
}

const clusters = new Set<RegisteredCluster>()
const aliases = new Map<string, string>()

const addressKey = (address: BackendAddress) => `${address.host}:${address.bePort}:${address.httpPort}`

export function registerCluster(cluster: RegisteredCluster): void {
  clusters.add(cluster)
}

export function unregisterCluster(cluster: RegisteredCluster): void {
  clusters.delete(cluster)
}

/** Lets a node be reached under a second address, as through NAT. */
export function aliasNode(alias: BackendAddress, node: LabNode): void {
  aliases.set(addressKey(alias), addressKey(node))
}

const cuts = new WeakMap<LabState, Set<LabState>>()

/** Whether nodes of `target` can open connections to nodes of `source`; they can until this says otherwise. */
export function setConnected(source: LabState, target: LabState, connected: boolean): void {
  const cut = cuts.get(target) ?? new Set()
  cuts.set(target, cut)
  if (connected) cut.delete(source)
  else cut.add(source)
}

/** The node behind an address, when it runs and answers. */
export function reachNode(
  address: BackendAddress,
  by: LabState,
): { cluster: RegisteredCluster; node: LabNode } | undefined {
  const key = aliases.get(addressKey(address)) ?? addressKey(address)
  for (const cluster of clusters) {
    const node = cluster.state.nodes.find((one) => addressKey(one) === key)
    if (!node) continue
    const reachable = node.alive && !cuts.get(by)?.has(cluster.state) && !cluster.unreachable(node, by)
    return reachable ? { cluster, node } : undefined
  }
  return undefined
}

export function clusterByService(serviceId: string): RegisteredCluster | undefined {
  for (const cluster of clusters) if (cluster.state.serviceId === serviceId) return cluster
  return undefined
}

const places = new WeakMap<LabState, Map<bigint, TabletPlace>>()

/** Finds a tablet by its id. The index is made once and again only when a tablet is not where it was. */
export function findTablet(state: LabState, id: bigint): TabletPlace | undefined {
  const known = places.get(state)?.get(id)
  if (known && stillThere(state, known)) return known
  const index = indexTablets(state)
  places.set(state, index)
  return index.get(id)
}

function stillThere(state: LabState, place: TabletPlace): boolean {
  return (
    state.databases.get(place.database.name) === place.database &&
    place.database.objects.get(place.table.name) === place.table &&
    place.table.partitions.some((one) => one.physical.includes(place.physical)) &&
    place.physical.tablets.get(place.indexId)?.[place.bucket] === place.tablet
  )
}

function indexTablets(state: LabState): Map<bigint, TabletPlace> {
  const index = new Map<bigint, TabletPlace>()
  for (const database of state.databases.values()) {
    for (const table of database.objects.values()) {
      if (table.kind !== 'table') continue
      for (const partition of table.partitions) {
        for (const physical of partition.physical) {
          for (const [indexId, tablets] of physical.tablets) {
            tablets.forEach((tablet, bucket) => {
              index.set(tablet.id, { database, table, physical, indexId, bucket, tablet })
            })
          }
        }
      }
    }
  }
  return index
}
