import { StarRocksError } from '../errors/starrocks-error.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

export type ReplicationState = 'INITIALIZING' | 'SNAPSHOTING' | 'REPLICATING' | 'COMMITTED' | 'ABORTED' | (string & {})

export interface ReplicationJob {
  jobId: string
  databaseId: bigint
  tableId: bigint
  /** 0 before the transaction began. */
  txnId: bigint
  createdTime: string
  finishedTime: string
  /** COMMITTED is not yet visible: only the partitions' versions prove that a job is done. */
  state: ReplicationState
  /** Tasks as printed. The first number counts what is left up to 3.5 and what is done from 4.1. */
  progress?: { first: number; total: number }
  error: string
}

/**
 * SHOW PROC '/replications': the latest job of each table – running, aborted, committed. Forwarded to the leader.
 * 'unsupported' up to 3.3.3; use the transactions there.
 */
export async function replications(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<ReplicationJob[] | 'unsupported'> {
  try {
    return (await proc(cluster, ['replications'], options)).map(readReplication)
  } catch (error) {
    if (error instanceof StarRocksError && error.kind === 'Unsupported') return 'unsupported'
    throw error
  }
}

export function readReplication(row: Row): ReplicationJob {
  const progress = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(row.get('Progress') ?? '')
  return {
    jobId: row.required('JobID'),
    databaseId: row.bigint('DatabaseID'),
    tableId: row.bigint('TableID'),
    txnId: row.optionalBigint('TxnID') ?? 0n,
    createdTime: row.get('CreatedTime') ?? '',
    finishedTime: row.get('FinishedTime') ?? '',
    state: (row.get('State') ?? '').toUpperCase(),
    progress: progress ? { first: Number(progress[1]), total: Number(progress[2]) } : undefined,
    error: row.get('Error') ?? '',
  }
}
