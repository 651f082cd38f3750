import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface Catalog {
  name: string
  /** Internal, Hive, Iceberg, Jdbc … */
  type: string
  comment: string
  external: boolean
}

/** SHOW CATALOGS. Shows those that the user may use. */
export async function listCatalogs(cluster: Queryable, options?: StatementOptions): Promise<Catalog[]> {
  const { rows } = await cluster.query('SHOW CATALOGS', options)
  return rows.map((row) => {
    const type = row.get('Type') ?? ''
    return {
      name: row.required('Catalog'),
      type,
      comment: row.get('Comment') ?? '',
      external: type.toLowerCase() !== 'internal',
    }
  })
}

export interface CatalogStatement {
  text: string
  /** Keys of properties whose values are masked (`AK******EY`): with them the statement does not make the catalog again. */
  masked: string[]
}

/** SHOW CREATE CATALOG. The default catalog has none. Errors: `NotFound`. */
export async function showCreateCatalog(
  cluster: Queryable,
  name: string,
  options?: StatementOptions,
): Promise<CatalogStatement> {
  const { rows } = await cluster.query(`SHOW CREATE CATALOG ${quoteName(name)}`, options)
  const text = rows[0]?.get('Create Catalog')
  if (!text) {
    throw new StarRocksError({ kind: 'UnexpectedAnswer', detail: `SHOW CREATE CATALOG ${name} answered without a row` })
  }
  const masked = [...text.matchAll(/"([^"]+)"\s*=\s*"[^"]*\*{6}[^"]*"/g)].map(([, key]) => key ?? '')
  return { text, masked }
}
