import { parseDataSize } from '../data-size.ts'
import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

export interface Database {
  id: bigint
  name: string
  tableCount: number
  /** StarRocks' own: never copied, never backed up. */
  system: boolean
}

const systemDatabases = new Set(['information_schema', 'sys', '_statistics_', '__internal_shadow_db__'])

export function isSystemDatabase(name: string): boolean {
  return systemDatabases.has(name.toLowerCase())
}

/** All databases of the default catalog: SHOW PROC '/dbs'. Needs OPERATE. */
export async function listDatabases(cluster: Queryable, options?: StatementOptions): Promise<Database[]> {
  const rows = await proc(cluster, ['dbs'], options)
  return rows.map((row) => {
    const name = row.required('DbName')
    return {
      id: row.bigint('DbId'),
      name,
      tableCount: row.optionalInt('TableNum') ?? 0,
      system: isSystemDatabase(name),
    }
  })
}

/** What a database may hold at most; undefined where nothing limits it. */
export interface DatabaseQuota {
  /** Of all replicas. */
  bytes?: bigint
  replicas?: bigint
}

/** The greatest number stands for no limit: 8388608.000 TB, 9223372036854775807 replicas. */
const UNLIMITED = 2n ** 62n

/** Quotas of all databases by name: SHOW PROC '/dbs'. */
export async function listQuotas(cluster: Queryable, options?: StatementOptions): Promise<Map<string, DatabaseQuota>> {
  const limit = (text: string | null | undefined) => {
    const value = parseDataSize(text)
    return value === undefined || value >= UNLIMITED ? undefined : value
  }
  const rows = await proc(cluster, ['dbs'], options)
  return new Map(
    rows.map((row) => [
      row.required('DbName'),
      { bytes: limit(row.get('Quota')), replicas: limit(row.get('ReplicaQuota')) },
    ]),
  )
}

/** The text of SHOW CREATE DATABASE; on shared-data clusters it names the storage volume. */
export async function showCreateDatabase(
  cluster: Queryable,
  name: string,
  options?: StatementOptions,
): Promise<string> {
  const { rows } = await cluster.query(`SHOW CREATE DATABASE ${quoteName(name)}`, options)
  return rows[0]?.required('Create Database') ?? ''
}
