import { isNativeTable, type StarRocksCluster, type Table } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { directory } from '../pollers/directory.ts'
import { Ration } from '../pollers/ration.ts'

/** The native tables of some databases, by database and name. */
export type Tables = Map<string, ReadonlyMap<string, Table>>

export interface Wanted {
  includesDatabase(database: string): boolean
  includes(database: string, table: string): boolean
}

export interface ListingOptions {
  /** Listings of this age are believed; older ones are read again as far as the ration goes. */
  maxAgeMs: number
  /** Of this age are those of databases of which a metadata difference lists all objects, from time to time. */
  quietMaxAgeMs?: number
  /** Read every listing anew. */
  fresh?: boolean
  /** Databases whose listings are known to be old. */
  outdated?: ReadonlySet<string>
}

/** Statements a second for listings of databases in which nothing is known to have changed. */
const PER_SECOND = 0.3
/** What a look may list in any case: with few databases nothing waits. */
const AT_LEAST = 5

const rations = new WeakMap<StarRocksCluster, Ration>()

/**
 * The native tables that are wanted. A listing takes a statement for each database, so however many there are, only a few are read again at a
 * time: those whose number of tables changed, those that a look found to be old, and of the rest the oldest ones.
 */
export async function listTables(
  cluster: StarRocksCluster,
  wanted: Wanted,
  { maxAgeMs, quietMaxAgeMs = maxAgeMs, fresh = false, outdated }: ListingOptions,
): Promise<Tables> {
  const listing = directory(cluster)
  const asked = performance.now()
  const databases = [...(await listing.databases(fresh ? 0 : Math.min(maxAgeMs, 2_000)))]
    .filter(([name, { system }]) => !system && wanted.includesDatabase(name))
    .map(([name]) => name)
  let ration = rations.get(cluster)
  if (!ration) {
    ration = new Ration(PER_SECOND, AT_LEAST)
    rations.set(cluster, ration)
  }
  const old = databases.filter((name) => listing.age(name) > quietMaxAgeMs && !listing.hasChanged(name))
  const again = new Set(fresh ? [] : ration.choose(old, (name) => listing.age(name)))
  const listed = await mapConcurrently(databases, 4, async (database) => {
    const must = fresh || again.has(database) || outdated?.has(database) || listing.hasChanged(database)
    // The list of databases need not be read anew for each of them: one that was asked for since this began does for all.
    const tables = must
      ? await listing.tables(database, 0, performance.now() - asked)
      : await listing.tables(database, Number.POSITIVE_INFINITY)
    const native = [...(tables ?? [])].filter(
      ([name, { type }]) => isNativeTable(type) && wanted.includes(database, name),
    )
    return [database, new Map(native)] as const
  })
  return new Map(listed)
}
