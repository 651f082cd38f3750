import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type { JobProgress } from '../contract/backup/backup-api.ts'

/** What the activity that a workflow waits for told last; undefined where none runs, or has told anything. */
export async function heartbeatOf<T extends object>(handle: WorkflowHandle): Promise<T | undefined> {
  try {
    const { raw } = await handle.describe()
    for (const { heartbeatDetails } of raw.pendingActivities ?? []) {
      const [payload] = heartbeatDetails?.payloads ?? []
      if (!payload) continue
      const details = defaultPayloadConverter.fromPayload<T | undefined>(payload)
      if (details && typeof details === 'object') return details
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
  return undefined
}

/** Temporal's PENDING_ACTIVITY_STATE_SCHEDULED. */
const BETWEEN_TRIES = 1

/** What the job of a backup or a restore does now; between two tries, why it waits for the next one, and for whose job. */
export async function jobProgressOf(handle: WorkflowHandle, database: string): Promise<JobProgress | undefined> {
  const told = await heartbeatOf<JobProgress>(handle)
  try {
    const { raw } = await handle.describe()
    for (const { lastFailure, state } of raw.pendingActivities ?? []) {
      const waiting = lastFailure?.message
      // Begun again, what it tells by itself is newer.
      if (!waiting || (state !== BETWEEN_TRIES && told?.state)) continue
      return { label: '', database, state: '', ...told, waiting }
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
  return told
}
