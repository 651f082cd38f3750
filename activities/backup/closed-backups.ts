import { Context } from '@temporalio/activity'
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import type { BackupResult } from '../../contract/backup/backup-api.ts'
import { isClosed } from '../closed-workflows.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating, pause } from '../heartbeat.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'

const LOOK_MS = 2_000

export interface OpenBackup {
  database: string
  workflowId: string
  /** The first run of its chain; unset: not known, the latest. */
  runId?: string
}

export interface ClosedBackup {
  database: string
  result?: BackupResult
  reason?: string
}

/** Waits, `wait` seconds at most, until some of these databases' workflows have ended, and says how. */
export async function closedBackups(
  { client, clock }: Dependencies,
  { open, wait }: { open: OpenBackup[]; wait: number },
): Promise<ClosedBackup[]> {
  const signal = Context.current().cancellationSignal
  const until = clock.now() + wait * 1000
  return beating(async () => {
    for (;;) {
      const ended = await mapConcurrently(open, 8, async (one) => {
        signal.throwIfAborted()
        return (await isClosed(client, one.workflowId)) ? howItEnded(client, one) : undefined
      })
      const closed = ended.filter((one) => one !== undefined)
      if (closed.length > 0 || clock.now() >= until) return closed
      await pause(LOOK_MS, signal)
    }
  })
}

async function howItEnded(client: Client, { database, workflowId, runId }: OpenBackup): Promise<ClosedBackup> {
  try {
    return { database, result: await client.workflow.getHandle(workflowId, runId).result() }
  } catch (error) {
    // Temporal itself did not answer, or not in time: how it ended is still to be asked.
    if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowNotFoundError)) throw error
    let cause: Error = error
    while (cause.cause instanceof Error) cause = cause.cause
    return { database, reason: cause.message }
  }
}
