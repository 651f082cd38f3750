import { Context } from '@temporalio/activity'
import type { PruneOrder, PrunePlan, PruneResult } from '../../contract/backup/repository-api.ts'
import { type Repository, StorageError } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { busy } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { clusterJobs, clustersOf } from './cluster-jobs.ts'
import { acquireDeleting, whileRenewed } from './leases.ts'
import { planPrune, shownPlan } from './plan-prune.ts'
import { dropThroughCluster, planThroughCluster } from './prune-through-cluster.ts'
import { type PruneProgress, runPrune } from './run-prune.ts'
import { readSituation } from './situation.ts'
import { endingFailure, isOutOfReach, repositoryFailure } from './storage-failure.ts'

export function createPruneActivities(deps: Dependencies) {
  return {
    /** What retention would delete now. */
    async planPrune(input: PruneOrder): Promise<PrunePlan & { notes?: string[] }> {
      const signal = manyListeners(Context.current().cancellationSignal)
      return beating(async () => {
        try {
          const repository = await openOrWhy(deps, input.repository, signal)
          if (repository instanceof StorageError) return await planThroughCluster(deps, input, repository, signal)
          const jobs = () => clusterJobs(deps, clustersOf(deps, input.repository), signal)
          const situation = await readSituation(deps, repository, { leftovers: input.leftovers, jobs, signal })
          return shownPlan(planPrune(situation, input))
        } catch (error) {
          throw repositoryFailure(error, `planning retention in repository ${input.repository}`)
        }
      })
    },

    /** Deletes what was confirmed of the plan, as it is now. One at a time in a repository, whoever asks: others wait. */
    async runPrune(input: PruneOrder): Promise<PruneResult> {
      const context = Context.current()
      const { info } = context
      const cancellationSignal = manyListeners(context.cancellationSignal)
      const before = info.heartbeatDetails as PruneProgress | undefined
      const progress: PruneProgress = before?.failures ? before : { deleted: 0, bytes: 0, failures: [] }
      return beating(async (report) => {
        try {
          const repository = await openOrWhy(deps, input.repository, cancellationSignal)
          if (repository instanceof StorageError) {
            return await dropThroughCluster(deps, input, repository, cancellationSignal)
          }
          const held = await acquireDeleting(repository, info.workflowExecution?.workflowId ?? '', cancellationSignal)
          if ('heldBy' in held) {
            throw busy(
              `repository ${input.repository} is being pruned by ${held.heldBy.info.holder || 'somebody else'}`,
              15_000,
            )
          }
          const lost = new AbortController()
          const signal = manyListeners(AbortSignal.any([cancellationSignal, lost.signal]))
          try {
            return await whileRenewed(
              held,
              (why) => lost.abort(why),
              (sure) => runPrune({ deps, repository, input, progress, report, signal, sure }),
            )
          } finally {
            await held.release().catch(() => undefined)
          }
        } catch (error) {
          throw endingFailure(error, `retention in repository ${input.repository}`, info.attempt)
        }
      }, progress)
    },
  }
}

/** The repository; why not, where its storage is out of reach. */
async function openOrWhy(deps: Dependencies, name: string, signal: AbortSignal): Promise<Repository | StorageError> {
  try {
    return await deps.repository(name).open(signal)
  } catch (error) {
    if (isOutOfReach(error)) return error
    throw error
  }
}
