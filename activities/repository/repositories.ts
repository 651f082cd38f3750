import { Context } from '@temporalio/activity'
import type { RepositoriesAnswer, RepositoriesInput } from '../../contract/backup/repository-api.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { checkRepository } from './check-repository.ts'
import { createRepository } from './create-repository.ts'
import { dropRepository } from './drop-repository.ts'
import { repositoryRows } from './repository-rows.ts'
import { repositoryFailure } from './storage-failure.ts'

interface Sent {
  sent?: boolean
}

export function createClusterRepositoryActivities(deps: Dependencies) {
  return {
    /** The repositories of a cluster beside the configuration: shown, created, proven, dropped. */
    async repositories(input: RepositoriesInput): Promise<RepositoriesAnswer> {
      const context = Context.current()
      const signal = manyListeners(context.cancellationSignal)
      const before = (context.info.heartbeatDetails ?? {}) as Sent
      return beating(async (report) => {
        try {
          switch (input.op) {
            case 'list':
              return {
                ok: true,
                rows: await repositoryRows(deps, deps.cluster(input.cluster).cluster, signal),
                findings: [],
              }
            case 'create': {
              const sending = () => report({ sent: true } satisfies Sent)
              return await createRepository({ deps, input, sentBefore: before.sent ?? false, sending, signal })
            }
            case 'check': {
              const runId = context.info.workflowExecution?.runId ?? ''
              return await checkRepository({ deps, ...input, runId, context, report: (step) => report({ step }) })
            }
            case 'drop':
              return await dropRepository(deps, input, signal)
          }
        } catch (error) {
          const what = 'repository' in input ? `repository ${input.repository} on` : 'repositories of'
          throw repositoryFailure(error, `${what} ${input.cluster}`)
        }
      }, before)
    },
  }
}
