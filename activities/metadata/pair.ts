import type { MigrationSpec } from '../../contract/index.ts'
import { createSelection, type Selection } from '../../planning/selection.ts'
import type { ObjectName, Placement, Rename, TargetCluster } from '../../starrocks/ddl/index.ts'
import {
  frontendSetting,
  type RunMode,
  runMode,
  type StarRocksCluster,
  type Version,
  version,
} from '../../starrocks/index.ts'
import type { ClusterHandle, Dependencies } from '../dependencies.ts'
import { EXPERIMENTAL_SETTINGS, isOn } from './experimental.ts'

/** One of the two clusters of a migration. */
export interface Side {
  name: string
  handle: ClusterHandle
  cluster: StarRocksCluster
  version: Version
  runMode: RunMode
}

/** Both clusters, and how the one's names become the other's. */
export interface Pair {
  spec: MigrationSpec
  source: Side
  target: Side
  selection: Selection
  rename: Rename
  placement: Placement
  /** The target as the DDL writer wants to know it. */
  writeFor: TargetCluster
  signal?: AbortSignal
}

/** Looks at both clusters: version, run mode, experimental settings. Three to five small statements, side by side. */
export async function openPair(deps: Dependencies, spec: MigrationSpec, signal?: AbortSignal): Promise<Pair> {
  const [source, target] = await Promise.all([openSide(deps, spec.source, signal), openSide(deps, spec.target, signal)])
  const selection = createSelection(spec)
  return {
    spec,
    source,
    target,
    selection,
    rename: renameBy(selection),
    placement: {
      replicationNum: spec.placement.replicationNumber,
      storageVolume: spec.placement.storageVolume,
      persistentIndex: spec.placement.persistentIndex,
    },
    writeFor: { version: target.version, runMode: target.runMode, experimental: await experimental(target, signal) },
    signal,
  }
}

async function openSide(deps: Dependencies, name: string, signal?: AbortSignal): Promise<Side> {
  const handle = deps.cluster(name)
  signal?.throwIfAborted()
  const [clusterVersion, mode] = await Promise.all([version(handle.cluster), runMode(handle.cluster)])
  return { name, handle, cluster: handle.cluster, version: clusterVersion, runMode: mode }
}

/** The DDL library's view of the selection. */
export function renameBy(selection: Selection): Rename {
  return (source: ObjectName) => {
    const target = selection.target(source.database, source.name)
    return { database: target.database, name: target.table }
  }
}

async function experimental(target: Side, signal?: AbortSignal): Promise<TargetCluster['experimental']> {
  const settings = EXPERIMENTAL_SETTINGS.map((key) => frontendSetting(target.cluster, key, { signal }))
  const [gin, vector, rowstore] = (await Promise.all(settings)).map(isOn)
  return { gin, vector, rowstore }
}
