import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setDefaultQueryHandler,
  setDefaultUpdateHandler,
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow'
import { type MigrationStatus, pauseSignal, resumeSignal, stopSignal } from '../../contract/migration-api.ts'
import type { MigrationSpec } from '../../contract/migration-spec.ts'
import { migrationId, WORKFLOW_TYPES } from '../../contract/names.ts'
import { badInput } from '../check-input.ts'
import type { migrate } from '../migrate.ts'
import { asOwnFailure } from './prepare.ts'

/**
 * Somebody started a migration without saying under which id, as the Temporal UI and `temporal workflow start` allow: it runs under its own id all
 * the same, so that its tables and its metadata differences report to it, every client finds it, and it cannot run twice. This workflow waits for
 * its end and hands on signals and a cancellation; terminating this one does not disturb the migration. A workflow cannot hand on queries and
 * updates: they are answered with where to ask.
 */
export async function runUnderOwnName(spec: MigrationSpec): Promise<MigrationStatus> {
  const workflowId = migrationId(spec.name)
  const child = start(spec, workflowId)
  setHandler(pauseSignal, async () => (await child).signal(pauseSignal))
  setHandler(resumeSignal, async () => (await child).signal(resumeSignal))
  setHandler(stopSignal, async (options) => (await child).signal(stopSignal, options))
  setDefaultQueryHandler(() => {
    throw new Error(elsewhere(workflowId))
  })
  setDefaultUpdateHandler(() => {
    throw badInput(elsewhere(workflowId))
  })
  try {
    const handle = await child
    setCurrentDetails(`The migration runs as \`${workflowId}\`: look there.`)
    return await handle.result()
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') {
      throw ApplicationFailure.create({
        type: 'AlreadyRunning',
        message: `A migration called '${spec.name}' runs already, as ${workflowId}; end it first, or choose another name`,
        nonRetryable: true,
      })
    }
    throw asOwnFailure(error)
  }
}

const elsewhere = (workflowId: string) => `The migration runs as ${workflowId}: ask that workflow`

function start(spec: MigrationSpec, workflowId: string): Promise<ChildWorkflowHandle<typeof migrate>> {
  return startChild<typeof migrate>(WORKFLOW_TYPES.migrate, {
    workflowId,
    args: [spec],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `Migrate ${spec.source} to ${spec.target}`,
  })
}
