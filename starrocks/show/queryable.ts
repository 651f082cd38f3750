import type { ResultSet, Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'

/** What the readers need of a cluster. */
export interface Queryable {
  query(sql: string, options?: StatementOptions): Promise<ResultSet>
  stream(sql: string, options?: StatementOptions): AsyncIterable<Row>
}
