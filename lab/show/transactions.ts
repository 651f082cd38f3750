import type { LabDatabase, LabTransaction } from '../model.ts'
import { type LabCell, type LabResult, type LabSqlContext, table } from '../sql/context.ts'
import { byName, timeText } from './format.ts'

/** A frontend shows no more than so many transactions at once. */
const shownTransactions = 2000

const isRunning = (txn: LabTransaction): boolean => ['PREPARE', 'PREPARED', 'COMMITTED'].includes(txn.status)

/** PROC '/transactions'. */
export const transactionDatabases = (context: LabSqlContext): LabResult =>
  table(
    ['DbId', 'DbName'],
    [['10299', '_statistics_'], ...[...context.state.databases.values()].map((d) => [String(d.id), d.name])],
  )

const ofDatabase = (context: LabSqlContext, database: LabDatabase): LabTransaction[] =>
  context.state.transactions.filter((t) => t.dbId === database.id)

/** PROC '/transactions/<db>'. */
export const transactionCounts = (context: LabSqlContext, database: LabDatabase): LabResult => {
  const all = ofDatabase(context, database)
  const running = all.filter(isRunning).length
  return table(
    ['State', 'Number'],
    [
      ['running', String(running)],
      ['finished', String(all.length - running)],
    ],
  )
}

export const transactionRow = (context: LabSqlContext, txn: LabTransaction): Record<string, LabCell> => {
  const time = (ms: number | undefined): LabCell => (ms === undefined ? null : timeText(context, ms))
  const leader = context.state.frontends.find((f) => f.role === 'LEADER')
  return {
    TransactionId: String(txn.id),
    Label: txn.label,
    Coordinator: `FE: ${leader?.host ?? '127.0.0.1'}`,
    TransactionStatus: txn.status,
    LoadJobSourceType: txn.sourceType,
    PrepareTime: time(txn.prepareMs),
    PreparedTime: time(txn.commitMs),
    CommitTime: time(txn.commitMs),
    PublishTime: time(txn.publishMs),
    FinishTime: time(txn.finishMs),
    Reason: txn.reason,
    ErrorReplicasCount: '0',
    ListenerId: '0',
    TimeoutMs: String(txn.timeoutMs),
    PreparedTimeoutMs: '86400000',
    ErrMsg: '',
  }
}

/** PROC '/transactions/<db>/running|finished': newest first. */
export const showTransactions = (
  context: LabSqlContext,
  database: LabDatabase,
  state: 'running' | 'finished',
): LabResult =>
  byName(
    context,
    'transactions',
    ofDatabase(context, database)
      .filter((t) => isRunning(t) === (state === 'running'))
      .toSorted((a, b) => (a.id > b.id ? -1 : 1))
      .slice(0, shownTransactions)
      .map((t) => transactionRow(context, t)),
  )

/** PROC '/transactions/<db>/<state>/<txn>'. */
export const showTransactionPartitions = (context: LabSqlContext, id: string): LabResult => {
  const txn = context.state.transactions.find((t) => String(t.id) === id)
  return table(
    ['TableId', 'CommittedPartitionIds'],
    (txn?.tableIds ?? []).map((tableId) => [String(tableId), (txn?.partitionIds ?? []).join(', ')]),
  )
}
