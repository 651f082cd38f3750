import {
  type AddressMap,
  type Backend,
  mapAddress,
  type ReplicaBackend,
  type Tablet,
  type TabletReplication,
} from '../../starrocks/index.ts'

/** Where the target's nodes reach the source's backends, by backend id. Dead ones are left out. */
export function livingBackends(
  backends: readonly Pick<Backend, 'id' | 'alive' | 'host' | 'bePort' | 'httpPort'>[],
  addressMap: AddressMap,
): Map<bigint, ReplicaBackend> {
  const living = new Map<bigint, ReplicaBackend>()
  for (const { id, alive, host, bePort, httpPort } of backends) {
    if (!alive) continue
    const rpc = mapAddress(addressMap, host, bePort)
    living.set(id, { host: rpc.host, bePort: rpc.port, httpPort: mapAddress(addressMap, host, httpPort).port })
  }
  return living
}

/**
 * Which source tablet goes into which target tablet (by id), and who gives it: tablets of one index of one partition, in ascending id on both
 * sides and as many on either. A table may have hundreds of thousands, so all replicas of a backend share one address.
 */
export function pairTablets(
  source: readonly Tablet[],
  target: readonly bigint[],
  sourcesOf: (tablet: Tablet) => readonly ReplicaBackend[],
): TabletReplication[] {
  const pairs: TabletReplication[] = []
  for (const [place, tablet] of source.entries()) {
    const twin = target[place]
    if (twin !== undefined) pairs.push({ tabletId: twin, sourceTabletId: tablet.id, backends: sourcesOf(tablet) })
  }
  return pairs
}

/** Backends with a source replica that can give this version; bad and outdated ones are left out. */
export function replicaSources(
  tablet: Tablet,
  visibleVersion: bigint,
  backends: ReadonlyMap<bigint, ReplicaBackend>,
): ReplicaBackend[] {
  const sources: ReplicaBackend[] = []
  for (const replica of tablet.replicas) {
    const backend = backends.get(replica.backendId)
    if (
      backend &&
      replica.state === 'NORMAL' &&
      replica.isBad !== true &&
      replica.lastFailedVersion < 0n &&
      replica.version >= visibleVersion
    ) {
      sources.push(backend)
    }
  }
  return sources
}
