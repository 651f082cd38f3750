import {
  type Database,
  listDatabases,
  listTables,
  type StarRocksCluster,
  StarRocksError,
  type Table,
} from '../../starrocks/index.ts'
import { SingleFlight } from './single-flight.ts'

/** How old a listing of databases may be for those who look for one by its name: what was dropped or renamed meanwhile, they find out from what they ask next. */
const SHARED_MS = 1_000

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
    this.#databases = new SingleFlight(async () => {
      const listed = await listDatabases(this.#cluster)
      this.#keep(new Set(listed.map(({ id }) => id)))
      return byName(listed)
    })
  }

  databases(maxAgeMs: number): Promise<Map<string, Database>> {
    return this.#databases.recent(maxAgeMs)
  }

  /** One that has just been made or renamed is found, too. Many who begin together share a listing. */
  async database(name: string): Promise<Database | undefined> {
    return (await this.databases(SHARED_MS)).get(name) ?? (await this.databases(0)).get(name)
  }

  /** Everything in a database; undefined when the database is gone. Who has just seen the list of databases need not have it read again. */
  async tables(
    database: string,
    maxAgeMs: number,
    databasesMaxAgeMs = maxAgeMs,
  ): Promise<Map<string, Table> | undefined> {
    return (await this.#find(database, maxAgeMs, databasesMaxAgeMs))?.tables
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

  async table(database: string, name: string, maxAgeMs: number): Promise<TableEntry | undefined> {
    const found = await this.#find(database, maxAgeMs, maxAgeMs)
    const table = found?.tables.get(name)
    return found && table && { databaseId: found.id, database, table }
  }

  /** Something turned out to be old. */
  forget(): void {
    this.#databases.forget()
    for (const listing of this.#tables.values()) listing.forget()
  }

  async #find(
    database: string,
    maxAgeMs: number,
    databasesMaxAgeMs: number,
  ): Promise<{ id: bigint; tables: Map<string, Table> } | undefined> {
    const id = (await this.databases(databasesMaxAgeMs)).get(database)?.id
    if (id === undefined) return undefined
    try {
      return { id, tables: await this.#listing(id).recent(maxAgeMs) }
    } catch (error) {
      if (!(error instanceof StarRocksError) || error.kind !== 'NotFound') throw error
      // Dropped since the databases were listed; another may have its name by now.
      const now = (await this.databases(0)).get(database)?.id
      if (now === undefined) return undefined
      return { id: now, tables: await this.#listing(now).recent(maxAgeMs) }
    }
  }

  /** What is known of databases that were dropped is of no use: no other ever has their id. */
  #keep(ids: ReadonlySet<bigint>): void {
    for (const known of [this.#tables, this.#counts]) for (const id of known.keys()) if (!ids.has(id)) known.delete(id)
  }

  #listing(id: bigint): SingleFlight<Map<string, Table>> {
    let listing = this.#tables.get(id)
    if (!listing) {
      listing = new SingleFlight(() => this.#list(id))
      this.#tables.set(id, listing)
    }
    return listing
  }

  async #list(id: bigint): Promise<Map<string, Table>> {
    // What was counted before the listing: a table made in between is then seen as a change, and listed once more.
    const counted = [...(this.#databases.latest()?.values() ?? [])].find((one) => one.id === id)?.tableCount
    const tables = byName(await listTables(this.#cluster, id))
    if (counted !== undefined) this.#counts.set(id, counted)
    return tables
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
