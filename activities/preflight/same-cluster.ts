import type { Finding, MigrationSpec } from '../../contract/index.ts'
import { type Frontend, isSameCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'

export const SAME_CLUSTER = 'same-cluster'

/**
 * Whether both names stand for one cluster. What is emptied there to be copied anew would be the source itself. Asked when both have been reached.
 * Throws StarRocksError.
 */
export async function checkSameCluster(deps: Dependencies, spec: MigrationSpec): Promise<Finding[]> {
  const frontends = async (name: string): Promise<Frontend[]> => deps.cluster(name).cluster.frontends()
  const [source, target] = await Promise.all([frontends(spec.source), frontends(spec.target)])
  if (!isSameCluster(source, target)) return []
  return [
    {
      code: SAME_CLUSTER,
      level: 'fatal',
      subject: spec.target,
      message: `${spec.source} and ${spec.target} are the same cluster (ClusterId ${source[0]?.clusterId}): its tables would be emptied to be copied onto themselves`,
      remedy: `Give ${spec.target} the frontends of the other cluster in the worker's starferry.yaml`,
    },
  ]
}
