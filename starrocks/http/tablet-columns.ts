import type { Address } from '../address-map.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { type HttpOptions, httpRequest } from './request.ts'

/** A tablet's columns as its backend knows them, in order. */
export interface TabletColumns {
  /** SchemaVersion of the index that the backend has heard of: a change of columns reaches a tablet with the next load. */
  schemaVersion: number | undefined
  /** The name that the column was made under; RENAME COLUMN does not reach backends. `uniqueId`: how files know it. */
  columns: { name: string; uniqueId: number }[]
}

/**
 * Asks a backend of a shared-nothing cluster for a tablet's columns: `/api/meta/header/<tablet>` (meta_action.cpp), which needs no login. `backend`:
 * its http_port (8040 by default), as reached from here. Undefined when it has no such tablet. Errors: `Unreachable`, `UnexpectedAnswer`.
 */
export async function tabletColumns(
  backend: Address,
  tabletId: bigint,
  options: HttpOptions = {},
): Promise<TabletColumns | undefined> {
  const path = `/api/meta/header/${tabletId}`
  const { body, status } = await httpRequest({ ...options, method: 'GET', address: backend, path })
  if (/no tablet exist/i.test(body)) return undefined
  const columns = status === 200 ? readColumns(body) : undefined
  if (columns) return columns
  throw new StarRocksError({
    kind: 'UnexpectedAnswer',
    detail: `http://${backend.host}:${backend.port}${path} answers with status ${status} and tells no columns`,
  })
}

interface Meta {
  schema?: { schema_version?: unknown; column?: { name?: unknown; unique_id?: unknown }[] }
}

function readColumns(body: string): TabletColumns | undefined {
  let meta: Meta
  try {
    meta = JSON.parse(body) as Meta
  } catch {
    return undefined
  }
  const { schema } = meta
  if (!Array.isArray(schema?.column)) return undefined
  const columns: TabletColumns['columns'] = []
  for (const { name, unique_id: uniqueId } of schema.column) {
    if (typeof name !== 'string' || typeof uniqueId !== 'number') return undefined
    columns.push({ name, uniqueId })
  }
  const { schema_version: version } = schema
  return { schemaVersion: typeof version === 'number' ? version : undefined, columns }
}
