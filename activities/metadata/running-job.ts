import { replications, transactions } from '../../starrocks/index.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Side } from './pair.ts'

const RUNNING = new Set(['INITIALIZING', 'SNAPSHOTING', 'REPLICATING'])

/** The replication job that runs into a target table, in words; undefined when none does. */
export async function runningJob(
  target: Side,
  { databaseId, id }: Pick<InventoryEntry, 'databaseId' | 'id'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const jobs = await replications(target.cluster, { signal })
  if (jobs !== 'unsupported') {
    const job = jobs.find((one) => one.tableId === id && RUNNING.has(one.state))
    return job && `replication job ${job.jobId}`
  }
  const prefix = `REPLICATION_${databaseId}_${id}_`
  const running = await transactions(target.cluster, databaseId, 'running', { signal })
  const transaction = running.find((one) => one.label.startsWith(prefix))
  return transaction && `replication job ${transaction.label.slice(prefix.length)}`
}
