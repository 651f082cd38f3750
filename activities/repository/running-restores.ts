import { WORKFLOW_TYPES } from '../../contract/names.ts'
import { runHash } from '../../planning/restore/restore-names.ts'
import type { Dependencies } from '../dependencies.ts'

/** What restores that run are called in the names of what they make; undefined where they cannot be listed. */
export async function hashesOfRunning(client: Dependencies['client'] | undefined): Promise<Set<string> | undefined> {
  if (!client) return undefined
  try {
    const hashes = new Set<string>()
    const query = `WorkflowType = '${WORKFLOW_TYPES.restore}' AND ExecutionStatus = 'Running'`
    for await (const { runId } of client.workflow.list({ query })) hashes.add(runHash(runId))
    return hashes
  } catch {
    // Nothing is called left behind that somebody may be working on.
    return undefined
  }
}
