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

/** The text of SHOW CREATE DATABASE; on shared-data clusters it names the storage volume. */
export async function showCreateDatabase(
  cluster: Queryable,
  name: string,
  options?: StatementOptions,
): Promise<string> {
  const { rows } = await cluster.query(`SHOW CREATE DATABASE ${quoteName(name)}`, options)
  return rows[0]?.required('Create Database') ?? ''
}
