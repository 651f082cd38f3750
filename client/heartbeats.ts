import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'

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
