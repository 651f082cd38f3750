import type { Client } from '@temporalio/client'
import { createWriters } from './writers.ts'

/**
 * Whether a run is one of the workflow that an activity works for: its present one, or one before that it goes on with or takes the place of. Another Temporal, or
 * another namespace, may have a workflow of the same id; of that one's runs this Temporal knows nothing.
 */
export function createOwnRuns(client: Client | undefined, workflowId: string, runId: string | undefined) {
  const writerOf = createWriters(client)
  return async (run: string): Promise<boolean> => run === runId || (await writerOf(workflowId, run)) !== 'unknown'
}
