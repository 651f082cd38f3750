import {
  isMaterializedView,
  listDatabases,
  listTables,
  type StarRocksCluster,
  StarRocksError,
  type Table,
} from '../../starrocks/index.ts'

export interface LiveDatabase {
  id: bigint
  objects: Map<string, Table>
}

/** A database's tables, views and materialized views by name; undefined when there is no such database. */
export async function readDatabase(
  cluster: StarRocksCluster,
  name: string,
  signal?: AbortSignal,
): Promise<LiveDatabase | undefined> {
  const found = (await listDatabases(cluster, { signal })).find((database) => database.name === name)
  if (!found) return undefined
  try {
    const tables = await listTables(cluster, found.id, { signal })
    return { id: found.id, objects: new Map(tables.map((table) => [table.name, table])) }
  } catch (error) {
    if (error instanceof StarRocksError && error.kind === 'NotFound') return undefined
    throw error
  }
}

export type LiveKind = 'table' | 'view' | 'materializedView' | 'other'

export function kindOf(table: Table): LiveKind {
  if (table.type === 'VIEW') return 'view'
  if (isMaterializedView(table.type)) return 'materializedView'
  return table.type === 'OLAP' || table.type === 'CLOUD_NATIVE' ? 'table' : 'other'
}

export async function catalogNames(cluster: StarRocksCluster, signal?: AbortSignal): Promise<Set<string>> {
  const { rows } = await cluster.query('SHOW CATALOGS', { signal })
  return new Set(rows.flatMap((row) => row.get('Catalog') ?? []))
}
