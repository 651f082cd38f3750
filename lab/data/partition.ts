import type { LabPhysicalPartition, LabReplica, LabState, LabTable, LabTablet } from '../model.ts'

/**
 * A new physical partition at version 1 with empty tablets of every index. Ids are taken as a frontend takes them:
 * the partition, then index by index and bucket by bucket a tablet followed by its replicas.
 * Nodes of a shared-data cluster keep no replicas.
 */
export function createPhysicalPartition(
  state: LabState,
  table: Pick<LabTable, 'indexes'>,
  spec: { buckets: number; replicationNum: number; id?: bigint },
): LabPhysicalPartition {
  const partition: LabPhysicalPartition = {
    id: spec.id ?? state.nextId(),
    visibleVersion: 1n,
    visibleTimeMs: state.now(),
    dataVersion: 1n,
    versionEpoch: state.nextEpoch(),
    versionTxnType: 'TXN_NORMAL',
    committedVersion: 1n,
    tablets: new Map(),
  }
  for (const index of table.indexes) partition.tablets.set(index.id, createTablets(state, spec, 1n))
  return partition
}

/** Tablets of one index in bucket order, empty, at a version. */
export function createTablets(
  state: LabState,
  spec: { buckets: number; replicationNum: number },
  version: bigint,
): LabTablet[] {
  const tablets: LabTablet[] = []
  for (let bucket = 0; bucket < spec.buckets; bucket++) {
    const id = state.nextId()
    tablets.push({ id, replicas: createReplicas(state, spec.replicationNum, id, version), rows: [] })
  }
  return tablets
}

function createReplicas(state: LabState, count: number, tabletId: bigint, version: bigint): LabReplica[] {
  if (state.runMode === 'shared_data') return []
  const nodes = state.nodes.filter((node) => node.alive)
  return Array.from({ length: count }, (_, i) => ({
    id: state.nextId(),
    backendId: nodes[(Number(tabletId) + i) % nodes.length]?.id ?? 0n,
    version,
    lastFailedVersion: -1n,
    state: 'NORMAL' as const,
    bad: false,
  }))
}
