import { type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { Ration } from './ration.ts'
import { SingleFlight } from './single-flight.ts'

/** Statements a second for listing one thing of all databases, and those of each look in any case. */
const PER_SECOND = 0.4
const AT_LEAST = 4

/** How old a look may take listings. */
export interface LookAge {
  maxAgeMs: number
  /** All are to be read again. */
  fresh: boolean
}

/** What the last look read. */
export const OF_ANY_AGE: LookAge = { maxAgeMs: Number.POSITIVE_INFINITY, fresh: false }

/** What a statement tells of each database of a cluster, kept for all who ask. */
export class DatabaseListings<T> {
  readonly #read: (cluster: StarRocksCluster, database: string) => Promise<T>
  readonly #listings = new WeakMap<StarRocksCluster, Map<string, SingleFlight<T>>>()
  readonly #rations = new WeakMap<StarRocksCluster, Ration>()

  constructor(read: (cluster: StarRocksCluster, database: string) => Promise<T>) {
    this.#read = read
  }

  /** A listing of at most this age. */
  recent(cluster: StarRocksCluster, database: string, maxAgeMs: number): Promise<T> {
    return this.#of(cluster, database).recent(maxAgeMs)
  }

  /** The listings of these databases, those read again that are due; `fresh`: all of them are. */
  async inTurn(
    cluster: StarRocksCluster,
    databases: readonly string[],
    { maxAgeMs, fresh }: LookAge,
  ): Promise<Map<string, T>> {
    // Who reads none again takes nothing of the ration.
    const any = !fresh && maxAgeMs === Number.POSITIVE_INFINITY
    const due = any ? new Set<string>() : this.#due(cluster, databases, fresh ? 0 : maxAgeMs)
    return new Map(
      await mapConcurrently(databases, 4, async (database) => {
        const age = fresh || due.has(database) ? 0 : Number.POSITIVE_INFINITY
        return [database, await this.recent(cluster, database, age)] as const
      }),
    )
  }

  /**
   * Which of these databases' listings are to be read again: the oldest ones, as many as the ration allows. With a hundred databases that takes
   * some minutes for all; a table that gets a round is looked at in any case.
   */
  #due(cluster: StarRocksCluster, databases: readonly string[], maxAgeMs: number): Set<string> {
    const ration = this.#rations.get(cluster) ?? new Ration(PER_SECOND, AT_LEAST)
    this.#rations.set(cluster, ration)
    const age = (database: string) => this.#of(cluster, database).age()
    return new Set(
      ration.choose(
        databases.filter((database) => age(database) > maxAgeMs),
        age,
      ),
    )
  }

  #of(cluster: StarRocksCluster, database: string): SingleFlight<T> {
    const ofCluster = this.#listings.get(cluster) ?? new Map<string, SingleFlight<T>>()
    this.#listings.set(cluster, ofCluster)
    let listing = ofCluster.get(database)
    if (!listing) {
      listing = new SingleFlight(() => this.#read(cluster, database))
      ofCluster.set(database, listing)
    }
    return listing
  }
}

const SILENT = new Set<StarRocksError['kind']>(['NotFound', 'Denied', 'Unsupported', 'Refused', 'Syntax'])

/** The error by which a cluster does not tell; undefined of a database that is gone, which has nothing to hide. Throws what is any other. */
export function refusalOf(error: unknown): StarRocksError | undefined {
  if (!(error instanceof StarRocksError) || !SILENT.has(error.kind)) throw error
  return error.kind === 'NotFound' ? undefined : error
}
