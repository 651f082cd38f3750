import type { BackupSpec, PolicySpec } from '../../contract/backup/policy.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import {
  type Backend,
  type BackupFeatures,
  backupFeatures,
  type Frontend,
  type FrontendSetting,
  frontendSettings,
} from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import type { Side } from '../metadata/pair.ts'
import { facts } from '../pollers/facts.ts'

/** A cluster as every check looks at it; read once. */
export interface ClusterFacts {
  deps: Dependencies
  spec: Pick<BackupSpec | PolicySpec | RestoreSpec, 'cluster' | 'repository'>
  /** Of what: some findings concern only one of the two. */
  of: 'backup' | 'restore'
  side: Side
  features: BackupFeatures
  settings: ReadonlyMap<string, FrontendSetting>
  frontends: Frontend[]
  backends: Backend[]
  signal?: AbortSignal
}

/** Errors: StarRocksError. */
export async function readClusterFacts(
  deps: Dependencies,
  spec: ClusterFacts['spec'],
  of: ClusterFacts['of'],
  signal?: AbortSignal,
): Promise<ClusterFacts> {
  const handle = deps.cluster(spec.cluster)
  const { cluster } = handle
  const [{ version, runMode }, settings, frontends, backends] = await Promise.all([
    facts(cluster).capabilities(),
    frontendSettings(cluster, { signal }),
    cluster.frontends(),
    cluster.backends(),
  ])
  const side: Side = { name: spec.cluster, handle, cluster, version, runMode }
  return { deps, spec, of, side, features: backupFeatures(version, runMode), settings, frontends, backends, signal }
}

/** Whole number of a frontend setting; undefined when this version does not have it. */
export function settingNumber({ settings }: Pick<ClusterFacts, 'settings'>, key: string): number | undefined {
  const value = Number(settings.get(key)?.value ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}
