import { Context } from '@temporalio/activity'
import type { BackupsInput, BackupsPage } from '../../contract/backup/repository-api.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { listBackups } from './list-backups.ts'
import { listThroughCluster } from './list-through-cluster.ts'
import { isOutOfReach, repositoryFailure } from './storage-failure.ts'

export function createListActivities(deps: Dependencies) {
  return {
    /** A page of what a repository holds. Where its storage cannot be reached from here and a cluster is named, what that one tells of it. */
    async listBackups(input: BackupsInput): Promise<BackupsPage> {
      const signal = manyListeners(Context.current().cancellationSignal)
      const what = `listing repository ${input.repository}`
      return beating(async () => {
        try {
          return await listBackups(deps.repository(input.repository), input, signal)
        } catch (error) {
          if (!isOutOfReach(error) || input.cluster === undefined) {
            throw repositoryFailure(error, what)
          }
          const { cluster } = deps.cluster(input.cluster)
          return listThroughCluster(cluster, input, error.message, signal).catch((other: unknown) => {
            throw repositoryFailure(other, what)
          })
        }
      })
    },
  }
}
