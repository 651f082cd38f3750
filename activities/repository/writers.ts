import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { RepositoryLease } from '../../contract/backup/repository-api.ts'
import { isClosed, isClosedStatus } from '../closed-workflows.ts'

/** Whether a workflow still works. `unknown`: this Temporal has never heard of it, or has forgotten it; another one may know it. */
export type Writer = 'open' | 'closed' | 'unknown'

/** Asks Temporal once for each workflow. Without a client nothing is known of any. */
export function createWriters(client: Client | undefined): (workflowId: string, runId?: string) => Promise<Writer> {
  const known = new Map<string, Promise<Writer>>()
  return (workflowId, runId) => {
    const key = `${workflowId}\n${runId ?? ''}`
    let writer = known.get(key)
    if (!writer) {
      writer = client ? ask(client, workflowId, runId) : Promise.resolve('unknown')
      known.set(key, writer)
    }
    return writer
  }
}

/** Whether the holder of a lease still works. A closed workflow of its id may only be a namesake of one in another Temporal. */
export async function holderOf(
  { holder, runId }: Pick<RepositoryLease, 'holder' | 'runId'>,
  writerOf: ReturnType<typeof createWriters>,
): Promise<Writer> {
  const writer = await writerOf(holder)
  return writer === 'closed' && runId !== undefined ? writerOf(holder, runId) : writer
}

async function ask(client: Client, workflowId: string, runId: string | undefined): Promise<Writer> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe()
    if (!isClosedStatus(status.name)) return 'open'
    // What one run began, the next of its chain goes on with.
    return status.name === 'CONTINUED_AS_NEW' && !(await isClosed(client, workflowId)) ? 'open' : 'closed'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown'
    throw error
  }
}
