import type { Client } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'

/** What is given, unless it takes longer: then an error that tells what each open workflow is waiting for. */
export async function unlessStuck<T>(client: Client, what: string, work: Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), withinMs)
  })
  try {
    const first = await Promise.race([work.then((value) => ({ value })), late])
    if (first !== 'late') return first.value
    throw new Error(`Not within ${withinMs / 1000} s: ${what}\n${(await openWorkflows(client)).join('\n')}`)
  } finally {
    clearTimeout(timer)
  }
}

/** Each open workflow with its pending activities: attempts, last heartbeat, last failure. */
async function openWorkflows(client: Client): Promise<string[]> {
  const lines: string[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe()
    lines.push(workflowId)
    for (const { activityType, attempt, state, heartbeatDetails, lastFailure } of raw.pendingActivities ?? []) {
      const [details] = heartbeatDetails?.payloads ?? []
      const heartbeat = details ? JSON.stringify(defaultPayloadConverter.fromPayload(details)) : 'none'
      lines.push(`  ${activityType?.name} attempt ${attempt} state ${state} heartbeat ${heartbeat.slice(0, 500)}`)
      if (lastFailure) lines.push(`    last failure: ${lastFailure.message?.slice(0, 300)}`)
    }
    for (const { initiatedId, workflowId: child } of raw.pendingChildren ?? [])
      lines.push(`  child ${initiatedId} ${child}`)
  }
  return lines
}
