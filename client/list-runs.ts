import type { Client } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../contract/names.ts'

/** A run of a workflow that people know by name. */
export interface ListedRun {
  name: string
  workflowId: string
  runId: string
  /** Its own word; empty where no worker has touched it yet. */
  state: string
  /** Temporal's own: RUNNING, COMPLETED, FAILED, … */
  execution: string
  startedAt: string
  closedAt?: string
}

/** The runs of a workflow type that Temporal still knows, newest first; `running` only those that have not ended. */
export async function listRuns(client: Client, type: string, prefix: string, running = false): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  const query = `WorkflowType = '${type}'${running ? " AND ExecutionStatus = 'Running'" : ''}`
  for await (const info of client.workflow.list({ query })) {
    if (info.status.name === 'CONTINUED_AS_NEW') continue
    found.push({
      name: info.workflowId.startsWith(prefix) ? info.workflowId.slice(prefix.length) : info.workflowId,
      workflowId: info.workflowId,
      runId: info.runId,
      state: String(info.searchAttributes[SEARCH_ATTRIBUTES.state]?.[0] ?? ''),
      execution: info.status.name,
      startedAt: info.startTime.toISOString(),
      closedAt: info.closeTime?.toISOString(),
    })
  }
  return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt))
}

/**
 * Temporal's word where a workflow's own would be stale: a terminated one could not say so itself. What was cancelled and still runs ends its jobs on the cluster;
 * one that ends by a signal has failed, for Temporal.
 */
export function stateOf({ state, execution }: Pick<ListedRun, 'state' | 'execution'>): string {
  if (execution === 'RUNNING' && state === 'cancelled') return 'cancelling'
  const failed = state === 'failed' || state === 'cancelled'
  const own = execution === 'RUNNING' || execution === 'COMPLETED' || (execution === 'FAILED' && failed)
  return own ? state || execution.toLowerCase() : execution.toLowerCase()
}
