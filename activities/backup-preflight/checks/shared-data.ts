import type { Finding } from '../../../contract/findings.ts'
import { fatal } from '../../../planning/backup-preflight/make-finding.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** Clusters whose data lie in object storage have no BACKUP at all. */
export function checkRunMode({ features, spec }: ClusterFacts): Finding[] {
  const { refusal } = features
  return refusal ? [fatal('shared-data', spec.cluster, `${spec.cluster}: ${refusal.reason}`, refusal.instead)] : []
}
