import { type WorkflowExecutionDescription, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type { JobProgress } from '../contract/backup/backup-api.ts'

export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** What the activity that a workflow waits for told last; undefined where none runs, or has told anything. */
export async function heartbeatOf<T extends object>(handle: WorkflowHandle): Promise<T | undefined> {
  return toldBy<T>(await pendingActivities(handle))
}

/** The same of activities that somebody asked for already. */
export function toldBy<T extends object>(pending: readonly PendingActivity[]): T | undefined {
  for (const { heartbeatDetails } of pending) {
    const [payload] = heartbeatDetails?.payloads ?? []
    if (!payload) continue
    const details = defaultPayloadConverter.fromPayload<T | undefined>(payload)
    if (details && typeof details === 'object') return details
  }
  return undefined
}

/** Temporal's PENDING_ACTIVITY_STATE_SCHEDULED. */
const BETWEEN_TRIES = 1

/** What the job of a backup or a restore does now; between two tries, why it waits for the next one, and for whose job. */
export async function jobProgressOf(handle: WorkflowHandle, database: string): Promise<JobProgress | undefined> {
  return jobProgressBy(await pendingActivities(handle), database)
}

/** The same of activities that somebody asked for already. */
export function jobProgressBy(pending: readonly PendingActivity[], database: string): JobProgress | undefined {
  const told = toldBy<JobProgress>(pending)
  for (const { lastFailure, state } of pending) {
    const waiting = lastFailure?.message
    // Begun again, what it tells by itself is newer.
    if (!waiting || (state !== BETWEEN_TRIES && told?.state)) continue
    return { label: '', database, state: '', ...told, waiting }
  }
  return told
}

/** None of a workflow that is not there. */
async function pendingActivities(handle: WorkflowHandle): Promise<PendingActivity[]> {
  try {
    return (await handle.describe()).raw.pendingActivities ?? []
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}
