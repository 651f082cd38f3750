import { replicationLabel, replications, transactions } from '../../starrocks/index.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Side } from './pair.ts'

const RUNNING = new Set(['INITIALIZING', 'SNAPSHOTING', 'REPLICATING'])

/** The replication job that runs into a target table, or into any of a database, in words; undefined when none does. */
export async function runningJob(
  target: Side,
  { databaseId, id }: Pick<InventoryEntry, 'databaseId'> & Partial<Pick<InventoryEntry, 'id'>>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const jobs = await replications(target.cluster, { signal })
  if (jobs !== 'unsupported') {
    const isHere = (one: (typeof jobs)[number]) =>
      id === undefined ? one.databaseId === databaseId : one.tableId === id
    const job = jobs.find((one) => isHere(one) && RUNNING.has(one.state))
    return job && `replication job ${job.jobId}`
  }
  const prefix = id === undefined ? `REPLICATION_${databaseId}_` : replicationLabel(databaseId, id, '')
  const running = await transactions(target.cluster, databaseId, 'running', { signal })
  const transaction = running.find((one) => one.label.startsWith(prefix))
  return transaction && `replication job ${transaction.label.slice(prefix.length)}`
}

/** The id of the job into a target table that is committed, and has not moved the versions yet; only its transaction tells. */
export async function unpublishedJob(
  { cluster }: Pick<Side, 'cluster'>,
  { databaseId, id }: Pick<InventoryEntry, 'databaseId' | 'id'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const prefix = replicationLabel(databaseId, id, '')
  const open = (await transactions(cluster, databaseId, 'running', { signal })).find(
    ({ label, status }) => status === 'COMMITTED' && label.startsWith(prefix),
  )
  return open?.label.slice(prefix.length)
}
