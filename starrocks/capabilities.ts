import type { StarRocksCluster } from './cluster.ts'
import { StarRocksError } from './errors/starrocks-error.ts'
import { frontendSetting } from './show/frontend-config.ts'
import { availableColumns } from './show/partitions-meta.ts'
import type { Queryable } from './show/queryable.ts'
import { replications } from './show/replications.ts'
import type { Version } from './version.ts'

export type RunMode = 'shared_nothing' | 'shared_data'

/** What a cluster can do, found by looking for it. Versions alone say little: fixes are backported and private builds differ. */
export interface Capabilities {
  version: Version
  runMode: RunMode
  /** DataVersion, VersionEpoch and VersionTxnType of partitions (≥ 3.3.2). */
  dataVersions: boolean
  /** information_schema.partitions_meta (≥ 3.1); whether a backend answers it is another matter. */
  partitionsMeta: boolean
  /** SHOW PROC '/replications' (≥ 3.3.4). */
  replications: boolean
}

/** The leader's version, from SHOW FRONTENDS: no backend is needed. */
export async function version(cluster: Pick<StarRocksCluster, 'leader'>): Promise<Version> {
  return (await cluster.leader()).version
}

/** `run_mode` of the frontends; those before 3.0 do not have it and are shared-nothing. */
export async function runMode(cluster: Queryable): Promise<RunMode> {
  const setting = await frontendSetting(cluster, 'run_mode')
  return setting?.value.toLowerCase() === 'shared_data' ? 'shared_data' : 'shared_nothing'
}

/** Looks for everything that differs between versions. Answered by frontends alone. Needs OPERATE. */
export async function capabilities(cluster: Queryable & Pick<StarRocksCluster, 'leader'>): Promise<Capabilities> {
  const [leaderVersion, mode, columns, jobs] = await Promise.all([
    version(cluster),
    runMode(cluster),
    availableColumns(cluster).catch((error: unknown) => {
      if (error instanceof StarRocksError && error.kind === 'Unsupported') return undefined
      throw error
    }),
    replications(cluster),
  ])
  return {
    version: leaderVersion,
    runMode: mode,
    dataVersions: columns?.includes('DATA_VERSION') ?? false,
    partitionsMeta: columns !== undefined,
    replications: jobs !== 'unsupported',
  }
}
