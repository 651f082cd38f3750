import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

export type TransactionStatus = 'PREPARE' | 'PREPARED' | 'COMMITTED' | 'VISIBLE' | 'ABORTED' | 'UNKNOWN' | (string & {})

export interface Transaction {
  id: bigint
  label: string
  coordinator: string
  status: TransactionStatus
  /** REPLICATION, BACKEND_STREAMING, INSERT_STREAMING, … */
  source: string
  prepareTime: string
  commitTime: string
  finishTime: string
  reason: string
  error: string
  timeoutMs: number | undefined
}

/**
 * PROC '/transactions/<db>/running' (PREPARE, PREPARED, COMMITTED) or '…/finished' (VISIBLE, ABORTED), newest first, at most 2,000 rows:
 * on busy databases finished ones scroll out. Errors: `NotFound` for an unknown database.
 */
export async function transactions(
  cluster: Queryable,
  databaseId: bigint,
  state: 'running' | 'finished',
  options?: StatementOptions,
): Promise<Transaction[]> {
  return (await proc(cluster, ['transactions', databaseId, state], options)).map(readTransaction)
}

/** The newest transaction with this label, running ones first; undefined when it is in neither list. */
export async function findTransaction(
  cluster: Queryable,
  databaseId: bigint,
  label: string,
  options?: StatementOptions,
): Promise<Transaction | undefined> {
  for (const state of ['running', 'finished'] as const) {
    const found = (await transactions(cluster, databaseId, state, options)).find(
      (transaction) => transaction.label === label,
    )
    if (found) return found
  }
  return undefined
}

/**
 * The physical partitions that a finished transaction loaded, of all its tables: PROC '/transactions/<db>/finished/<transaction>', of versions with
 * CommittedPartitionIds. Errors: `NotFound` for an unknown database.
 */
export async function loadedPartitions(
  cluster: Queryable,
  databaseId: bigint,
  id: bigint,
  options?: StatementOptions,
): Promise<Set<bigint>> {
  const rows = await proc(cluster, ['transactions', databaseId, 'finished', id], options)
  return new Set(rows.flatMap((row) => (row.get('CommittedPartitionIds')?.match(/\d+/g) ?? []).map(BigInt)))
}

/** SHOW TRANSACTION FROM db WHERE id = n; undefined when it was purged or never was. Works however many there are. */
export async function showTransaction(
  cluster: Queryable,
  database: string,
  id: bigint,
  options?: StatementOptions,
): Promise<Transaction | undefined> {
  try {
    const { rows } = await cluster.query(`SHOW TRANSACTION FROM ${quoteName(database)} WHERE ID = ${id}`, options)
    return rows[0] && readTransaction(rows[0])
  } catch (error) {
    if (error instanceof StarRocksError && error.kind === 'NotFound' && error.names[0] === String(id)) return undefined
    throw error
  }
}

/** The label that a replication job's transaction has. */
export function replicationLabel(databaseId: bigint, tableId: bigint, jobId: string): string {
  return `REPLICATION_${databaseId}_${tableId}_${jobId}`
}

export function readTransaction(row: Row): Transaction {
  return {
    id: row.bigint('TransactionId'),
    label: row.required('Label'),
    coordinator: row.get('Coordinator') ?? '',
    status: (row.get('TransactionStatus') ?? '').toUpperCase(),
    source: row.get('LoadJobSourceType') ?? '',
    prepareTime: row.get('PrepareTime') ?? '',
    commitTime: row.get('CommitTime') ?? '',
    finishTime: row.get('FinishTime') ?? '',
    reason: row.get('Reason') ?? '',
    error: row.get('ErrMsg') ?? '',
    timeoutMs: row.optionalInt('TimeoutMs'),
  }
}
