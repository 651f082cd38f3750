import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface DynamicPartitionTable {
  table: string
  enabled: boolean
  /** HOUR, DAY, WEEK, MONTH, YEAR. */
  timeUnit: string
  /** Partitions older than this many units are dropped; negative. Undefined: none are. */
  start?: number
  /** How many units ahead partitions are made. */
  end?: number
  prefix: string
  buckets?: number
  replicationNum?: number
  state: string
  /** Whether the scheduler knows the table: right after a restore it may not, or not yet. */
  inScheduler?: boolean
  /** What the last round said, when it failed. */
  createMessage?: string
  dropMessage?: string
}

/** SHOW DYNAMIC PARTITION TABLES FROM db: the tables whose partitions StarRocks makes and drops by itself. */
export async function listDynamicPartitionTables(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<DynamicPartitionTable[]> {
  const { rows } = await cluster.query(`SHOW DYNAMIC PARTITION TABLES FROM ${quoteName(database)}`, options)
  return rows.map((row) => {
    const start = row.optionalInt('Start')
    return {
      table: row.required('TableName'),
      enabled: row.flag('Enable'),
      timeUnit: row.get('TimeUnit') ?? '',
      // Integer.MIN_VALUE stands for “never”.
      start: start === -2_147_483_648 ? undefined : start,
      end: row.optionalInt('End'),
      prefix: row.get('Prefix') ?? '',
      buckets: row.optionalInt('Buckets'),
      replicationNum: row.optionalInt('ReplicationNum'),
      state: row.get('State') ?? '',
      inScheduler: row.optionalFlag('InScheduler'),
      createMessage: row.get('LastCreatePartitionMsg') || undefined,
      dropMessage: row.get('LastDropPartitionMsg') || undefined,
    }
  })
}
