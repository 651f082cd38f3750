import { Context } from '@temporalio/activity'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { TableReport } from '../contract/index.ts'
import type { Dependencies } from './dependencies.ts'
import { beating } from './heartbeat.ts'
import { mapConcurrently } from './metadata/concurrency.ts'

/** A table's workflow of which no report came. */
export interface OpenTable {
  table: string
  workflowId: string
  /** The first run of its chain. */
  runId: string
}

/** Whether no run of this workflow is open. */
export async function isClosed(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true
    throw error
  }
}

export function createClosedTablesActivities({ client }: Dependencies) {
  return {
    /** Those of the tables whose workflow is closed, with its report; a workflow that was terminated or failed left none. */
    async closedTables({ tables }: { tables: OpenTable[] }): Promise<TableReport[]> {
      const signal = Context.current().cancellationSignal
      return beating(async () => {
        const reports = await mapConcurrently(tables, 8, async (open) => {
          signal.throwIfAborted()
          return (await isClosed(client, open.workflowId)) ? reportOf(client, open) : undefined
        })
        return reports.filter((report) => report !== undefined)
      })
    },
  }
}

async function reportOf(client: Client, { table, workflowId, runId }: OpenTable): Promise<TableReport> {
  try {
    const report: TableReport = await client.workflow.getHandle(workflowId, runId).result()
    return { ...report, runId }
  } catch (error) {
    const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : ''
    const counts = { attempts: 0, jobsSent: 0, partitions: 0, bytes: 0, version: '0' }
    return { table, runId, outcome: 'stopped', reason: `its workflow ended without a report: ${reason}`, ...counts }
  }
}
