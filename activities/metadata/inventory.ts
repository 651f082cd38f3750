import { joinTableName } from '../../contract/index.ts'
import type { Selection } from '../../planning/selection.ts'
import { isMaterializedView, isNativeTable, isSystemDatabase, type Table } from '../../starrocks/index.ts'
import { type Directory, directory } from '../pollers/directory.ts'
import { mapConcurrently } from './concurrency.ts'
import { isNotFound } from './failure.ts'
import type { Side } from './pair.ts'

export type ObjectKind = 'table' | 'view' | 'materialized view' | 'external table'

/** An object of a cluster, as PROC '/dbs/<id>' lists it. */
export interface InventoryEntry {
  database: string
  databaseId: bigint
  name: string
  /** `database.name` */
  full: string
  id: bigint
  kind: ObjectKind
  type: Table['type']
  state: string
  /** 1 without rollups and synchronous materialized views. */
  indexCount: number
  partitionCount: number
  replicaCount: number
}

/** What a cluster holds, of some databases. */
export class Inventory {
  readonly entries = new Map<string, InventoryEntry>()
  /** Every database of the cluster, read or not, by name. */
  databases: ReadonlyMap<string, bigint>

  constructor(databases: ReadonlyMap<string, bigint>) {
    this.databases = databases
  }

  get(database: string, name: string): InventoryEntry | undefined {
    return this.entries.get(joinTableName(database, name))
  }

  *of(kind: ObjectKind): Generator<InventoryEntry> {
    for (const entry of this.entries.values()) if (entry.kind === kind) yield entry
  }
}

/** Lists the objects of those databases that `wanted` takes: one statement, and one for each database, four at a time. */
export async function readInventory(
  side: Side,
  wanted: (database: string) => boolean,
  signal?: AbortSignal,
): Promise<Inventory> {
  const listing = directory(side.cluster)
  const asked = performance.now()
  const databases = [...(await listing.databases(0)).values()]
  const inventory = new Inventory(new Map(databases.map((database) => [database.name, database.id])))
  const read = databases.filter((database) => !isSystemDatabase(database.name) && wanted(database.name))
  await mapConcurrently(read, 4, async (database) => {
    signal?.throwIfAborted()
    for (const table of await tablesOf(listing, database.name, performance.now() - asked)) {
      const full = joinTableName(database.name, table.name)
      inventory.entries.set(full, {
        database: database.name,
        databaseId: database.id,
        name: table.name,
        full,
        id: table.id,
        kind: kindOf(table),
        type: table.type,
        state: table.state,
        indexCount: table.indexCount,
        partitionCount: table.partitionCount,
        replicaCount: table.replicaCount,
      })
    }
  })
  return inventory
}

/** The source's objects of all databases that the selection may take something of. */
export const readSource = (side: Side, selection: Selection, signal?: AbortSignal) =>
  readInventory(side, (database) => selection.includesDatabase(database), signal)

/** The target's objects of all databases to which something of the source may go. */
export function readTarget(side: Side, selection: Selection, source: Inventory, signal?: AbortSignal) {
  const wanted = new Set<string>()
  for (const database of source.databases.keys()) {
    if (selection.includesDatabase(database)) wanted.add(selection.targetDatabase(database))
  }
  for (const database of selection.renamedInto) wanted.add(database)
  return readInventory(side, (database) => wanted.has(database), signal)
}

/** Listed anew; looks take the same listing afterwards. The list of databases is not: one that was asked for since this began does for all. */
async function tablesOf(listing: Directory, database: string, databasesMaxAgeMs: number): Promise<Table[]> {
  try {
    return [...((await listing.tables(database, 0, databasesMaxAgeMs)) ?? []).values()]
  } catch (error) {
    // Dropped since it was listed.
    if (isNotFound(error)) return []
    throw error
  }
}

function kindOf(table: Table): ObjectKind {
  if (isNativeTable(table.type)) return 'table'
  if (isMaterializedView(table.type)) return 'materialized view'
  return table.type === 'VIEW' ? 'view' : 'external table'
}
