import { parseDataSize } from '../data-size.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import { proc } from './proc.ts'
import type { Queryable } from './queryable.ts'

/** What tells whether a replica can give a version. */
export interface Replica {
  backendId: bigint
  /** NORMAL, ALTER, CLONE, DECOMMISSION, … */
  state: string
  version: bigint
  /** −1 when no version failed. */
  lastFailedVersion: bigint
  /** Known only from `tabletReplicas`. */
  isBad?: boolean
}

export interface Tablet {
  id: bigint
  /** Empty for shared-data tablets: they have none. */
  replicas: Replica[]
}

export interface ListedReplica extends Replica {
  id: bigint
  dataSizeBytes: bigint
  rowCount: bigint
}

export interface ListedTablet extends Tablet {
  replicas: ListedReplica[]
  /** Nodes that serve a shared-data tablet at the moment. */
  nodeIds: bigint[]
  dataSizeBytes: bigint
  rowCount: bigint
  /** Range-distributed tables (4.1+, shared-data) only. */
  range?: string
}

/** PROC '…/partitions/<partition>/<index>': an index of a partition by the ids of its database, table, partition and itself. */
export type TabletsOf = [
  cluster: Queryable,
  databaseId: bigint,
  tableId: bigint,
  partitionId: bigint,
  indexId: bigint,
  options?: StatementOptions,
]

export const listTablets = (...[cluster, databaseId, tableId, partitionId, indexId, options]: TabletsOf) =>
  proc(cluster, ['dbs', databaseId, tableId, 'partitions', partitionId, indexId], options)

/** One entry a tablet, by ascending id – which is the order of the buckets. */
export const tablets = async (...of: TabletsOf): Promise<ListedTablet[]> => readTablets(await listTablets(...of))

/** The same listing, ids alone, ascending: a table may have hundreds of thousands of tablets, and of a copy nothing else matters. */
export const tabletIds = async (...of: TabletsOf): Promise<bigint[]> => readTabletIds(await listTablets(...of))

/** PROC '…/<index>/<tablet>': the replicas of one tablet with what the listing leaves out (`isBad`). */
export async function tabletReplicas(
  cluster: Queryable,
  databaseId: bigint,
  tableId: bigint,
  partitionId: bigint,
  indexId: bigint,
  tabletId: bigint,
  options?: StatementOptions,
): Promise<ListedReplica[]> {
  const path = ['dbs', databaseId, tableId, 'partitions', partitionId, indexId, tabletId]
  return (await proc(cluster, path, options)).map(readReplica)
}

export function readTabletIds(rows: readonly Row[]): bigint[] {
  const ids = new Set<string>()
  for (const row of rows) ids.add(row.required('TabletId'))
  return inOrder([...ids].map(BigInt), (id) => id)
}

export function readTablets(rows: readonly Row[]): ListedTablet[] {
  const byId = new Map<bigint, ListedTablet>()
  for (const row of rows) {
    const id = row.bigint('TabletId')
    const tablet: ListedTablet = byId.get(id) ?? { id, replicas: [], nodeIds: [], dataSizeBytes: 0n, rowCount: 0n }
    byId.set(id, tablet)
    const size = parseDataSize(row.get('DataSize')) ?? 0n
    const rowCount = row.optionalBigint('RowCount') ?? 0n
    // Replicas of one tablet lag behind each other: the largest is nearest to the truth.
    if (size > tablet.dataSizeBytes) tablet.dataSizeBytes = size
    if (rowCount > tablet.rowCount) tablet.rowCount = rowCount
    if (row.has('ReplicaId')) tablet.replicas.push(readReplica(row))
    else tablet.nodeIds.push(...readIds(row.get('BackendId') ?? row.get('BackendIds')))
    const range = row.text('Range')
    if (range !== undefined && range !== 'null' && range !== '') tablet.range = range
  }
  return inOrder([...byId.values()], (tablet) => tablet.id)
}

/** By ascending id, as frontends mostly list them already. */
export function inOrder<T>(items: T[], idOf: (item: T) => bigint): T[] {
  let last: bigint | undefined
  for (const item of items) {
    const id = idOf(item)
    if (last !== undefined && id < last) {
      return items.sort((a, b) => (idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0))
    }
    last = id
  }
  return items
}

function readReplica(row: Row): ListedReplica {
  return {
    id: row.bigint('ReplicaId'),
    backendId: row.bigint('BackendId'),
    state: row.get('State') ?? '',
    version: row.bigint('Version'),
    lastFailedVersion: row.optionalBigint('LstFailedVersion') ?? -1n,
    isBad: row.optionalFlag('IsBad'),
    dataSizeBytes: parseDataSize(row.get('DataSize')) ?? 0n,
    rowCount: row.optionalBigint('RowCount') ?? 0n,
  }
}

/** `[10001, 10002]`, which JSON.parse would make doubles of. */
function readIds(text: string | null): bigint[] {
  return (text?.match(/\d+/g) ?? []).map((id) => BigInt(id))
}
