import type { ResultSet, Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'

/** What the readers need of a cluster. */
export interface Queryable {
  query(sql: string, options?: StatementOptions): Promise<ResultSet>
  stream(sql: string, options?: StatementOptions): AsyncIterable<Row>
  /** The same rows, many at a time; for answers of hundreds of thousands. */
  batches?(sql: string, options?: StatementOptions): AsyncIterable<Row[]>
}

/** Rows many at a time, of whatever can only stream them too. */
export async function* batchesOf(cluster: Queryable, sql: string, options?: StatementOptions): AsyncGenerator<Row[]> {
  if (cluster.batches) yield* cluster.batches(sql, options)
  else for await (const row of cluster.stream(sql, options)) yield [row]
}
