import type { ObjectName } from '../../starrocks/ddl/index.ts'
import { indexSchemas, listDatabases, listTables, StarRocksError } from '../../starrocks/index.ts'
import { isNotFound } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import type { PlanningSession } from './plan-table.ts'
import type { TableFacts } from './read-table.ts'

/**
 * Notes that a table is on the target now, without listing its whole database again: with thousands of tables that would cost more than all the rest.
 * The id stays open until somebody needs it.
 */
export function noteOnTarget(session: PlanningSession, name: ObjectName, source: TableFacts | undefined): void {
  const full = `${name.database}.${name.name}`
  const known = session.target.entries.get(full)
  const entry: InventoryEntry = {
    database: name.database,
    databaseId: -1n,
    name: name.name,
    full,
    kind: 'table',
    type: known?.type ?? 'OLAP',
    state: 'NORMAL',
    partitionCount: source?.partitions.length ?? 0,
    replicaCount: 0,
    ...known,
    // A recreated table has another id, and rollups were added or dropped.
    id: -1n,
    indexCount: Math.max(known?.indexCount ?? 1, source?.entry.indexCount ?? 1),
  }
  session.target.entries.set(full, entry)
}

/** The ids of a target table, looked up when they are not known. Errors: `NotFound`. */
export async function targetIds(
  session: PlanningSession,
  name: ObjectName,
): Promise<{ databaseId: bigint; id: bigint }> {
  const full = `${name.database}.${name.name}`
  const entry = session.target.entries.get(full)
  if (entry && entry.id >= 0n && entry.databaseId >= 0n) return entry
  const ids = await lookUp(session, name)
  if (entry) session.target.entries.set(full, { ...entry, ...ids })
  return ids
}

/**
 * The ids that the table of this name has now. Those that are known may be older than a SWAP, or than another's DROP and CREATE: they count while
 * the base index under them is called like the table, which takes one small statement instead of a listing of the database. Errors: `NotFound`.
 */
export async function presentIds(
  session: PlanningSession,
  name: ObjectName,
): Promise<{ databaseId: bigint; id: bigint }> {
  const known = session.target.get(name.database, name.name)
  if (known && known.id >= 0n && known.databaseId >= 0n && (await isCalled(session, known, name.name))) return known
  const ids = await lookUp(session, name)
  if (known) session.target.entries.set(known.full, { ...known, ...ids })
  return ids
}

async function isCalled({ pair }: PlanningSession, { databaseId, id }: InventoryEntry, name: string): Promise<boolean> {
  try {
    const indexes = await indexSchemas(pair.target.cluster, databaseId, id, { signal: pair.signal })
    return indexes.some((index) => index.name === name)
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** The ids as they are now, whatever was known. Errors: `NotFound`. */
export async function lookUp(session: PlanningSession, name: ObjectName): Promise<{ databaseId: bigint; id: bigint }> {
  const { target, signal } = session.pair
  const database = (await listDatabases(target.cluster, { signal })).find((one) => one.name === name.database)
  const table =
    database && (await listTables(target.cluster, database.id, { signal })).find((one) => one.name === name.name)
  if (!database || !table) {
    throw new StarRocksError({ kind: 'NotFound', detail: `${name.database}.${name.name} is not on the target` })
  }
  return { databaseId: database.id, id: table.id }
}
