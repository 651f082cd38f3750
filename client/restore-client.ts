import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import type { JobProgress } from '../contract/backup/backup-api.ts'
import {
  discardUpdate,
  publishUpdate,
  type RestorePlan,
  type RestorePlanInput,
  type RestoreResult,
  type RestoreStatus,
  restoreStatusQuery,
} from '../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE, WORKFLOW_TYPES } from '../contract/names.ts'
import { RequestError } from './errors.ts'
import { jobProgressOf } from './heartbeats.ts'
import { type ListedRun, listRuns } from './list-runs.ts'
import { missing } from './missing.ts'
import { WorkflowCalls } from './workflow-calls.ts'

/** A restore that runs, and what its job does now. */
export interface RunningRestore {
  status: RestoreStatus
  job?: JobProgress
}

/** Restores for programs: what the command line does, as calls. Errors: RequestError with words for the person who asked. */
export class RestoreClient extends WorkflowCalls {
  constructor(client: Client) {
    super(client, restoreId)
  }

  /** Errors: RequestError when a restore of that name runs already. */
  async start(spec: RestoreSpecInput): Promise<string> {
    try {
      const { workflowId } = await this.client.workflow.start(WORKFLOW_TYPES.restore, {
        taskQueue: TASK_QUEUE,
        workflowId: restoreId(spec.name),
        args: [spec],
        staticSummary: `Restore from ${spec.repository} to ${spec.cluster}`,
      })
      return workflowId
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      throw new RequestError(
        `A restore called '${spec.name}' runs already. Look at it with \`starferry restore status ${spec.name}\`, or give this one another --name.`,
      )
    }
  }

  plan(input: RestorePlanInput): Promise<RestorePlan> {
    const { name } = input.spec
    return this.run(
      WORKFLOW_TYPES.restorePlan,
      { id: `plan/${restoreId(name)}`, summary: `Plan restore ${name}` },
      input,
    )
  }

  async status(name: string): Promise<RunningRestore> {
    const status = await this.answered(name, (handle) => handle.query(restoreStatusQuery))
    return { status, job: await jobProgressOf(this.handle(name), status.backup ?? '') }
  }

  /** What has been restored aside takes the live names. Errors: RequestError unless it waits for that. */
  publish(name: string): Promise<RestoreStatus> {
    return this.answered(name, (handle) => handle.executeUpdate(publishUpdate))
  }

  /** Removes what has been restored aside. Errors: RequestError once it is published. */
  discard(name: string): Promise<RestoreStatus> {
    return this.answered(name, (handle) => handle.executeUpdate(discardUpdate))
  }

  result(name: string): Promise<RestoreResult> {
    return this.guard(name, async (handle) => (await handle.result()) as RestoreResult)
  }

  /** Ends it and undoes what it made; a job that puts files in place is waited for. */
  cancel(name: string): Promise<void> {
    return this.guard(name, async (handle) => {
      const { status } = await handle.describe()
      if (status.name !== 'RUNNING') throw new WorkflowNotFoundError('ended', handle.workflowId, undefined)
      await handle.cancel()
    })
  }

  list(): Promise<ListedRun[]> {
    return listRuns(this.client, WORKFLOW_TYPES.restore, 'restore/')
  }

  protected override notFound(name: string): Promise<RequestError> {
    return missing('restore', name, () => this.list())
  }
}
