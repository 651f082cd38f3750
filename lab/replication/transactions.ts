import { nextTransactionId, recordTransaction } from '../data/index.ts'
import type { LabState, LabTransaction } from '../model.ts'
import type { RunningJob } from './job.ts'

export function configNumber(state: LabState, key: string, otherwise: number): number {
  const value = Number(state.config.get(key)?.value ?? otherwise)
  return Number.isFinite(value) ? value : otherwise
}

const isRunning = (one: LabTransaction) =>
  one.status === 'PREPARE' || one.status === 'PREPARED' || one.status === 'COMMITTED'

/**
 * Begins the transaction of a job.
 * @returns undefined when the frontend refuses it: its label belongs to a transaction that was not aborted, or the database has too many.
 */
export function beginTransaction(state: LabState, job: RunningJob): LabTransaction | undefined {
  const { record } = job
  const sameDb = state.transactions.filter((one) => one.dbId === record.databaseId)
  if (sameDb.some((one) => one.label === job.label && one.status !== 'ABORTED')) return undefined
  if (sameDb.filter(isRunning).length >= configNumber(state, 'max_running_txn_num_per_db', 1000)) return undefined
  const seconds = state.version === '3.1' || state.version === '3.3' ? 3600 : 86_400
  const transaction: LabTransaction = {
    id: nextTransactionId(state),
    dbId: record.databaseId,
    label: job.label,
    status: 'PREPARE',
    sourceType: 'REPLICATION',
    prepareMs: state.now(),
    reason: '',
    timeoutMs: configNumber(state, 'replication_transaction_timeout_sec', seconds) * 1000,
    tableIds: [record.tableId],
  }
  recordTransaction(state, transaction)
  return transaction
}

export function findTransaction(state: LabState, id: bigint): LabTransaction | undefined {
  // The latest ones are asked for.
  return state.transactions.findLast((one) => one.id === id)
}

/** Aborts a transaction that is not committed yet. */
export function abortTransaction(state: LabState, transaction: LabTransaction, reason: string): void {
  transaction.status = 'ABORTED'
  transaction.reason = reason
  transaction.finishMs = state.now()
}
