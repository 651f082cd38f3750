import { type RestoreJob, type StarRocksCluster, showRestoreOf, showRestores } from '../../starrocks/index.ts'
import { setBounded } from '../set-bounded.ts'
import { DatabaseListings, type LookAge, refusalOf } from './database-listings.ts'
import { SingleFlight } from './single-flight.ts'

/** A table's last restore: id of the job, and which partitions it overwrote; all, when it does not name them. */
export interface TableRestore {
  id: bigint
  partitions?: ReadonlySet<string>
}

/**
 * The finished restores of a database that were listed while this process looked. The frontend lists the last job alone, and a later BACKUP or
 * RESTORE of the database hides it.
 */
export class Restores {
  readonly #tables = new Map<string, TableRestore>()
  #last: { id: bigint; text: string } = { id: 0n, text: '' }

  /** Id of the last one; 0 when there is none. */
  get last(): bigint {
    return this.#last.id
  }

  note({ jobId, state, objects, objectsText }: Pick<RestoreJob, 'jobId' | 'state' | 'objects' | 'objectsText'>): void {
    const id = BigInt(jobId)
    if (state !== 'FINISHED' || id <= this.#last.id) return
    this.#last = { id, text: objectsText }
    for (const { name, partitions } of objects) {
      const before = this.#tables.get(name)
      const all = partitions === undefined || (before && before.partitions === undefined)
      this.#tables.set(name, all ? { id } : { id, partitions: new Set([...(before?.partitions ?? []), ...partitions]) })
    }
  }

  of(table: string): TableRestore | undefined {
    // A list of names that are not quoted: these cannot be told apart in it.
    if (/[,[\]]| PARTITIONS /.test(table) && this.#last.text.includes(table)) return { id: this.#last.id }
    return this.#tables.get(table)
  }
}

/** Restores go into databases of any name. */
const MOST_DATABASES = 10_000

/** What this process knows of one cluster's restores. */
class ClusterRestores {
  readonly #cluster: StarRocksCluster
  readonly #known = new Map<string, Restores>()
  readonly #all: SingleFlight<'told' | 'denied' | 'each'>

  constructor(cluster: StarRocksCluster) {
    this.#cluster = cluster
    this.#all = new SingleFlight(() => this.#readAll())
  }

  of(database: string): Restores {
    const restores = this.#known.get(database) ?? new Restores()
    setBounded(this.#known, database, restores, MOST_DATABASES)
    return restores
  }

  /** Of all databases by one statement; `each`: it has to be asked of each one. */
  all(maxAgeMs: number): Promise<'told' | 'denied' | 'each'> {
    return this.#all.recent(maxAgeMs)
  }

  async #readAll(): Promise<'told' | 'denied' | 'each'> {
    try {
      for (const job of await showRestores(this.#cluster)) this.of(job.database).note(job)
      return 'told'
    } catch (error) {
      return refusalOf(error)?.kind === 'Denied' ? 'denied' : 'each'
    }
  }
}

const clusters = new WeakMap<StarRocksCluster, ClusterRestores>()

function restoresOf(cluster: StarRocksCluster): ClusterRestores {
  const restores = clusters.get(cluster) ?? new ClusterRestores(cluster)
  clusters.set(cluster, restores)
  return restores
}

/** For versions that list those of a database only. */
const listings = new DatabaseListings<Restores | undefined>(async (cluster, database) => {
  const restores = restoresOf(cluster).of(database)
  try {
    const job = await showRestoreOf(cluster, database)
    if (job) restores.note(job)
  } catch (error) {
    if (refusalOf(error)) return undefined
  }
  return restores
})

/**
 * The finished restores into databases of a source: one statement, whatever the number of databases and tables. Undefined where the cluster does not
 * tell, as to users without REPOSITORY on SYSTEM.
 */
export async function listRestores(
  cluster: StarRocksCluster,
  databases: readonly string[],
  age: LookAge,
): Promise<Map<string, Restores | undefined>> {
  const restores = restoresOf(cluster)
  const end = await restores.all(age.fresh ? 0 : age.maxAgeMs)
  if (end === 'each') return listings.inTurn(cluster, databases, age)
  return new Map(databases.map((database) => [database, end === 'told' ? restores.of(database) : undefined]))
}

/** Those into one database, of a listing of at most this age. */
export async function restoresInto(
  cluster: StarRocksCluster,
  database: string,
  maxAgeMs: number,
): Promise<Restores | undefined> {
  const restores = restoresOf(cluster)
  const end = await restores.all(maxAgeMs)
  if (end === 'each') return listings.recent(cluster, database, maxAgeMs)
  return end === 'told' ? restores.of(database) : undefined
}
