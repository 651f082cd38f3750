import { quoteString } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

/** SHOW PROC with a path of fixed words and ids. Names must not be elements: they may hold a slash, and 2.5 takes only ids. */
export async function proc(
  cluster: Queryable,
  path: readonly (string | bigint)[],
  options?: StatementOptions,
): Promise<Row[]> {
  const text = `/${path.map((element) => String(element)).join('/')}`
  return (await cluster.query(`SHOW PROC ${quoteString(text)}`, options)).rows
}
