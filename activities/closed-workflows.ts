import { Context } from '@temporalio/activity'
import {
  type Client,
  type WorkflowExecutionStatusName,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import type { TableReport } from '../contract/index.ts'
import type { Dependencies } from './dependencies.ts'
import { beating, pause } from './heartbeat.ts'
import { mapConcurrently } from './metadata/concurrency.ts'

const LOOK_MS = 5_000

/** A table's workflow of which no report came. */
export interface OpenTable {
  table: string
  workflowId: string
  /** The first run of its chain; unset: not known, the latest. */
  runId?: string
}

const CLOSED: ReadonlySet<WorkflowExecutionStatusName> = new Set([
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
])

/** Whether a run with this status is over. One that Temporal pauses goes on some time, and so may one whose status this version does not know. */
export const isClosedStatus = (name: WorkflowExecutionStatusName): boolean => CLOSED.has(name)

/** Whether no run of this workflow is open. */
export async function isClosed(client: Client, workflowId: string): Promise<boolean> {
  try {
    return isClosedStatus((await client.workflow.getHandle(workflowId).describe()).status.name)
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true
    throw error
  }
}

export function createClosedTablesActivities({ client, clock }: Dependencies) {
  return {
    /**
     * Waits – `wait` seconds at most – until some of these tables' workflows are closed, and returns their reports; a workflow that was
     * terminated or failed left none.
     */
    async closedTables({ tables, wait }: { tables: OpenTable[]; wait: number }): Promise<TableReport[]> {
      const signal = Context.current().cancellationSignal
      const until = clock.now() + wait * 1000
      return beating(async () => {
        for (;;) {
          const reports = await mapConcurrently(tables, 8, async (open) => {
            signal.throwIfAborted()
            return (await isClosed(client, open.workflowId)) ? reportOf(client, open) : undefined
          })
          const closed = reports.filter((report) => report !== undefined)
          if (closed.length > 0 || clock.now() >= until) return closed
          await pause(LOOK_MS, signal)
        }
      })
    },
  }
}

async function reportOf(client: Client, { table, workflowId, runId }: OpenTable): Promise<TableReport> {
  try {
    const report: TableReport = await client.workflow.getHandle(workflowId, runId).result()
    return runId === undefined ? report : { ...report, runId }
  } catch (error) {
    // Temporal itself did not answer, or not in time: the report is still there.
    if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowNotFoundError)) throw error
    const reason = error.cause instanceof Error ? error.cause.message : error.message
    const counts = { attempts: 0, jobsSent: 0, jobsFailed: 0, partitions: 0, bytes: 0, version: '0' }
    return {
      table,
      runId: runId ?? '',
      outcome: 'stopped',
      reason: `its workflow ended without a report: ${reason}`,
      ...counts,
    }
  }
}
