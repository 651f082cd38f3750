import type { Client } from '@temporalio/client'
import { toldBy } from '../../client/heartbeats.ts'
import { until } from './until.ts'

/** What is given, unless it takes longer: then an error that tells what each open workflow is waiting for. */
export async function unlessStuck<T>(client: Client, what: string, work: Promise<T>, withinMs: number): Promise<T> {
  let over = false
  const watched = work.finally(() => {
    over = true
  })
  // Awaited only when it is over.
  watched.catch(() => undefined)
  await until(what, () => over, { withinMs, explain: () => openWorkflows(client) })
  return watched
}

/** Each open workflow with its pending activities: attempts, last failure, last heartbeat. */
async function openWorkflows(client: Client): Promise<string> {
  const lines: string[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const handle = client.workflow.getHandle(workflowId, runId)
    const { raw } = await handle.describe()
    lines.push(
      `${workflowId} heartbeat ${JSON.stringify(toldBy(raw.pendingActivities ?? []))?.slice(0, 500) ?? 'none'}`,
    )
    for (const { activityType, attempt, state, lastFailure } of raw.pendingActivities ?? []) {
      lines.push(`  ${activityType?.name} attempt ${attempt} state ${state}`)
      if (lastFailure) lines.push(`    last failure: ${lastFailure.message?.slice(0, 300)}`)
    }
    for (const { workflowId: child } of raw.pendingChildren ?? []) lines.push(`  child ${child}`)
  }
  return lines.join('\n')
}
