import { type Database, listDatabases, listTables, type StarRocksCluster, type Table } from '../../starrocks/index.ts'
import { SingleFlight } from './single-flight.ts'

export interface TableEntry {
  databaseId: bigint
  database: string
  table: Table
}

/** Names and ids of databases and tables of one cluster; those who start work at the same time share the listings. */
export class Directory {
  readonly #cluster: StarRocksCluster
  readonly #databases: SingleFlight<Map<string, Database>>
  readonly #tables = new Map<bigint, SingleFlight<Map<string, Table>>>()
  /** The number of tables that a database was said to have when its tables were listed last. */
  readonly #counts = new Map<bigint, number>()

  constructor(cluster: StarRocksCluster) {
    this.#cluster = cluster
    this.#databases = new SingleFlight(async () => byName(await listDatabases(this.#cluster)))
  }

  databases(maxAgeMs: number): Promise<Map<string, Database>> {
    return this.#databases.recent(maxAgeMs)
  }

  /** Everything in a database; undefined when the database is gone. */
  async tables(database: string, maxAgeMs: number): Promise<Map<string, Table> | undefined> {
    const found = (await this.databases(maxAgeMs)).get(database)
    if (!found) return undefined
    let listing = this.#tables.get(found.id)
    if (!listing) {
      listing = new SingleFlight(() => this.#list(found.id))
      this.#tables.set(found.id, listing)
    }
    return listing.recent(maxAgeMs)
  }

  /** How old the listing of a database is, in milliseconds; infinite when there is none. */
  age(database: string): number {
    const id = this.#databases.latest()?.get(database)?.id
    return (id === undefined ? undefined : this.#tables.get(id)?.age()) ?? Number.POSITIVE_INFINITY
  }

  /** Whether the database has another number of tables now than when its tables were listed, as far as the list of databases tells. */
  hasChanged(database: string): boolean {
    const found = this.#databases.latest()?.get(database)
    const counted = found && this.#counts.get(found.id)
    return counted !== undefined && counted !== found?.tableCount
  }

  async #list(id: bigint): Promise<Map<string, Table>> {
    // What was counted before the listing: a table made in between is then seen as a change, and listed once more.
    const counted = [...(this.#databases.latest()?.values() ?? [])].find((one) => one.id === id)?.tableCount
    const tables = byName(await listTables(this.#cluster, id))
    if (counted !== undefined) this.#counts.set(id, counted)
    return tables
  }

  async table(database: string, name: string, maxAgeMs: number): Promise<TableEntry | undefined> {
    const table = (await this.tables(database, maxAgeMs))?.get(name)
    const databaseId = (await this.databases(maxAgeMs)).get(database)?.id
    return table && databaseId !== undefined ? { databaseId, database, table } : undefined
  }

  /** Something turned out to be old. */
  forget(): void {
    this.#databases.forget()
    for (const listing of this.#tables.values()) listing.forget()
  }
}

function byName<T extends { name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]))
}

const directories = new WeakMap<StarRocksCluster, Directory>()

export function directory(cluster: StarRocksCluster): Directory {
  let found = directories.get(cluster)
  if (!found) {
    found = new Directory(cluster)
    directories.set(cluster, found)
  }
  return found
}
