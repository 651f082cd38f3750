import { type RestoreJob, type StarRocksCluster, showRestoreOf } from '../../starrocks/index.ts'
import { DatabaseListings, refusalOf } from './database-listings.ts'

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

const known = new WeakMap<StarRocksCluster, Map<string, Restores>>()

async function readRestores(cluster: StarRocksCluster, database: string): Promise<Restores | undefined> {
  const ofCluster = known.get(cluster) ?? new Map<string, Restores>()
  known.set(cluster, ofCluster)
  const restores = ofCluster.get(database) ?? new Restores()
  ofCluster.set(database, restores)
  try {
    const job = await showRestoreOf(cluster, database)
    if (job) restores.note(job)
  } catch (error) {
    if (refusalOf(error)) return undefined
  }
  return restores
}

/** Listings of the restores, by database. */
export const restoreListings = new DatabaseListings(readRestores)

/**
 * The finished restores into a database of a source, from a listing of at most this age: one statement, whatever the number of tables. Undefined
 * where the cluster does not tell, as to users without REPOSITORY on SYSTEM.
 */
export const restoresInto = (
  cluster: StarRocksCluster,
  database: string,
  maxAgeMs: number,
): Promise<Restores | undefined> => restoreListings.recent(cluster, database, maxAgeMs)
