import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName, quoteString } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export type AlterKind = 'COLUMN' | 'ROLLUP' | 'OPTIMIZE'

export interface AlterJob {
  kind: AlterKind
  id: bigint
  table: string
  /** PENDING, WAITING_TXN, RUNNING, FINISHED, CANCELLED, … */
  state: string
  /** The rollup being built, the index being changed, the operation of OPTIMIZE. */
  subject: string
  createTime: string
  finishTime: string
  message: string
  progress: string
  /** Of COLUMN: the index as the change leaves it, and its SchemaVersion (printed as `version:hash`). */
  indexId?: bigint
  schemaVersion?: number
}

/** SHOW ALTER TABLE COLUMN, ROLLUP or OPTIMIZE FROM db, of one table or all. Empty where the version does not know the kind. */
export async function listAlterJobs(
  cluster: Queryable,
  database: string,
  kind: AlterKind,
  { table, ...options }: StatementOptions & { table?: string } = {},
): Promise<AlterJob[]> {
  const where = table === undefined ? '' : ` WHERE TableName = ${quoteString(table)}`
  try {
    const { rows } = await cluster.query(`SHOW ALTER TABLE ${kind} FROM ${quoteName(database)}${where}`, options)
    return rows.map((row) => ({
      kind,
      id: row.bigint('JobId'),
      table: row.required('TableName'),
      state: (row.get('State') ?? '').toUpperCase(),
      subject: row.get('RollupIndexName') ?? row.get('IndexName') ?? row.get('Operation') ?? '',
      createTime: row.get('CreateTime') ?? '',
      finishTime: row.get('FinishTime') ?? row.get('FinishedTime') ?? '',
      message: row.get('Msg') ?? '',
      progress: row.get('Progress') ?? '',
      ...(kind === 'COLUMN' ? changedIndex(row) : {}),
    }))
  } catch (error) {
    if (kind === 'OPTIMIZE' && error instanceof StarRocksError && error.kind === 'Syntax') return []
    throw error
  }
}

function changedIndex(row: Row): Pick<AlterJob, 'indexId' | 'schemaVersion'> {
  const version = /^(\d+):/.exec(row.get('SchemaVersion') ?? '')?.[1]
  return { indexId: row.optionalBigint('IndexId'), schemaVersion: version === undefined ? undefined : Number(version) }
}

export function isAlterRunning(job: AlterJob): boolean {
  return job.state !== 'FINISHED' && job.state !== 'CANCELLED'
}
