import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

/** A job that loads without end, from Kafka or Pulsar. */
export interface RoutineLoad {
  name: string
  /** The present name of the table that it goes on loading into: jobs go by the id of their table, which SWAP and RENAME leave as it is. */
  table: string
  /** RUNNING, NEED_SCHEDULE, PAUSED, UNSTABLE. */
  state: string
}

/** SHOW ROUTINE LOAD FROM db: all but those that were stopped or cancelled. */
export async function listRoutineLoads(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<RoutineLoad[]> {
  const { rows } = await cluster.query(`SHOW ROUTINE LOAD FROM ${quoteName(database)}`, options)
  return rows.map((row) => ({
    name: row.required('Name'),
    table: row.get('TableName') ?? '',
    state: row.get('State') ?? '',
  }))
}
