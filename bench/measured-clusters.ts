import { Client, Connection } from '@temporalio/client'
import type { Dependencies } from '../activities/dependencies.ts'
import { check } from '../contract/check.ts'
import { type MigrationSpec, migrationSpecSchema } from '../contract/migration-spec.ts'
import { type WorkerConfigInput, workerConfigSchema } from '../contract/worker-config.ts'
import { createClusters } from '../workers/clusters.ts'
import { createRepositories } from '../workers/repositories.ts'

/** What activities need, for calling them in the measured process without a worker. */
export interface Measured {
  deps: Dependencies
  spec: MigrationSpec
  close(): Promise<void>
}

/** Sessions with both clusters as a worker has them. */
export function openClusters(
  clusters: Record<string, { frontends: string[]; token: string }>,
  known: WorkerConfigInput['repositories'] = {},
): Measured {
  const config = check(workerConfigSchema, { clusters, repositories: known }, 'bench')
  const sessions = createClusters(config)
  const repositories = createRepositories(config)
  const nothing = () => {}
  return {
    deps: {
      cluster: sessions.get,
      clusterNames: () => Object.keys(clusters),
      repository: repositories.get,
      repositoryNames: repositories.names,
      webhook: repositories.webhook,
      client: new Client({ connection: Connection.lazy() }),
      metrics: { count: nothing, gauge: nothing, duration: nothing },
      clock: { now: () => Date.now() },
    },
    spec: check(migrationSpecSchema, { name: 'bench', source: 'source', target: 'target' }, 'bench'),
    close: async () => void (await Promise.all([sessions.close(), repositories.close()])),
  }
}
