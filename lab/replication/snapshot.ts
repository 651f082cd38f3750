import { baseIndex, heardBy, scanTablet } from '../data/index.ts'
import type { LabPhysicalPartition, LabState } from '../model.ts'
import type { PartitionWork, RunningJob, TabletSnapshot, TabletWork } from './job.ts'
import { clusterByService, findTablet, reachNode, type TabletPlace } from './registry.ts'
import type { BackendAddress } from './request.ts'

/**
 * One REMOTE_SNAPSHOT task: a target backend asks the source backends of its slice one after the other.
 * @returns undefined when none could make the snapshot; why, only a backend's log would tell
 */
export function remoteSnapshot(
  target: LabState,
  job: RunningJob,
  partition: PartitionWork,
  tablet: TabletWork,
  sources: readonly BackendAddress[],
): TabletSnapshot | undefined {
  for (const address of sources) {
    const reached = reachNode(address, target)
    if (!reached) continue
    const { state } = reached.cluster
    if (state.runMode === 'shared_data' || state.token !== job.sourceToken) continue
    const place = findTablet(state, tablet.sourceTabletId)
    if (!place) continue
    const replica = place.tablet.replicas.find((one) => one.backendId === reached.node.id)
    if (!replica || replica.bad || replica.version < partition.sourceVersion) continue
    const snapshot = takeSnapshot(place, partition, tablet, false)
    if (snapshot) return snapshot
  }
  return undefined
}

/** Lake to lake: nodes copy files from bucket to bucket, found by the source's service and ids. */
export function lakeSnapshot(
  job: RunningJob,
  partition: PartitionWork,
  tablet: TabletWork,
): TabletSnapshot | undefined {
  const cluster = clusterByService(job.sourceServiceId)
  if (cluster?.state.runMode !== 'shared_data') return undefined
  const place = findTablet(cluster.state, tablet.sourceTabletId)
  if (!place || place.physical.id !== partition.sourcePartitionId) return undefined
  return takeSnapshot(place, partition, tablet, true)
}

function takeSnapshot(
  place: TabletPlace,
  partition: PartitionWork,
  work: TabletWork,
  shared: boolean,
): TabletSnapshot | undefined {
  const index = place.table.indexes.find((one) => one.id === place.indexId)
  // Files lie under …/<tablet>/<schema hash>/: a wrong hash finds nothing.
  if (!index || index.schemaHash !== work.sourceSchemaHash) return undefined
  const { physical } = place
  const version = dataVersionAt(physical, partition.sourceVersion)
  if (physical.dataVersion < version || version < (physical.oldestVersion ?? 1n)) return undefined
  const base = baseIndex(place.table)
  const extraBytes = physical.extraBytes ?? 0
  const heard = heardBy(base, physical, place.tablet).columns
  if (place.indexId !== base.id) return { columns: [], rows: [], extraBytes: 0 }
  const rows = [...scanTablet(place.tablet, version)]
  const since = dataVersionAt(physical, partition.targetVersion)
  // Files of a shared-data cluster take the place of all that the copy had.
  if (shared || partition.targetVersion <= 1n || since < (physical.oldestVersion ?? 1n))
    return { columns: base.columns, heard, rows, extraBytes }
  const inRange = (at: bigint | undefined) => at !== undefined && at > since && at <= version
  const increment = {
    added: place.tablet.rows.filter((row) => inRange(row.since) && (row.until === undefined || row.until > version)),
    ended: place.tablet.rows.filter((row) => row.since <= since && inRange(row.until)),
  }
  return { columns: base.columns, heard, rows, increment, extraBytes }
}

/**
 * Nodes know a partition by its visible versions: tablets are at them, files are called by them. The rows here are numbered by the data's, which
 * compaction does not move, and which a restore may have left behind.
 */
function dataVersionAt(physical: LabPhysicalPartition, version: bigint): bigint {
  const later = physical.compactions?.filter((one) => one > version).length ?? 0
  return version - (physical.visibleVersion - physical.dataVersion - BigInt(later))
}
