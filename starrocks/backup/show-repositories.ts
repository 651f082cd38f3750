import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from '../show/queryable.ts'
import { showRepositoriesStatement } from './repository-statements.ts'

export interface Repository {
  id: bigint
  name: string
  /** As printed, in the session's time zone. */
  createTime: string
  readOnly: boolean
  location: string
  /** Empty without a broker. */
  broker: string
  /** What the leader's last look at it found wrong; undefined while it is well. Followers show a stale one, or none. */
  error?: string
}

/** SHOW REPOSITORIES. Properties, and with them all secrets, are never told. */
export async function showRepositories(cluster: Queryable, options?: StatementOptions): Promise<Repository[]> {
  const { rows } = await cluster.query(showRepositoriesStatement, options)
  return rows.map(readRepository)
}

export function readRepository(row: Row): Repository {
  const error = row.get('ErrMsg')
  return {
    id: row.bigint('RepoId'),
    name: row.required('RepoName'),
    createTime: row.get('CreateTime') ?? '',
    readOnly: row.flag('IsReadOnly'),
    location: row.required('Location'),
    broker: row.get('Broker') ?? '',
    // Some versions print the word instead of NULL.
    error: error === null || error === '' || error.toUpperCase() === 'NULL' ? undefined : error,
  }
}
