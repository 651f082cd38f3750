import { showBackups } from '../../starrocks/backup/show-backups.ts'
import { showRestores } from '../../starrocks/backup/show-restores.ts'
import { type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { SingleFlight } from '../pollers/single-flight.ts'
import type { JobPlace, SnapshotJob, SnapshotJobKind } from './job-place.ts'

/** Frontends move all jobs on every three seconds; to look once a second costs one statement and hides at most a second. */
const FOLLOW_GAP_MS = 1_000
/** Of a job that ends with the next step: whoever waits for its slot begins so much earlier. */
const ENDING_GAP_MS = 500
/** Up to so many places that are followed are asked for one by one, in turn; more of them share one listing of everything. */
const FEW = 3

interface Desk {
  /** Of this place: SHOW … FROM db. The catalogs' row comes with any of them. */
  place: Map<string, SingleFlight<SnapshotJob | undefined>>
  all: SingleFlight<SnapshotJob[]>
  /** How many follow a job of that place. */
  followers: Map<string, number>
}

/**
 * The last backup and restore jobs of a cluster's databases, as all who ask share them.
 *
 * A place has one *last* job, whatever its kind: a restore hides the backup before it. No row does not mean that there was none: jobs are forgotten
 * after days, with their database, or because another took their place; and a user without EXPORT on a table of any job sees no row at all.
 */
export class JobDesk {
  readonly #cluster: StarRocksCluster
  readonly #desks: Record<SnapshotJobKind, Desk>

  constructor(cluster: StarRocksCluster) {
    this.#cluster = cluster
    this.#desks = { backup: this.#desk('backup'), restore: this.#desk('restore') }
  }

  /** The last job, asked for from now on: for those who are about to send or cancel. Undefined also for a database that does not exist. */
  look(kind: SnapshotJobKind, place: JobPlace): Promise<SnapshotJob | undefined> {
    return this.#flight(kind, place).fresh(0)
  }

  /** The job that occupies a place: neither finished nor cancelled, of either kind. Nothing can be sent there meanwhile. */
  async running(place: JobPlace): Promise<SnapshotJob | undefined> {
    // One after the other: between the two a job can end, but none can be in both.
    for (const kind of ['backup', 'restore'] as const) {
      const job = await this.look(kind, place)
      if (job && job.state !== 'FINISHED' && job.state !== 'CANCELLED') return job
    }
    return undefined
  }

  /**
   * The last job, asked for from now on, at the pace that all followers of this cluster share, which is faster when one is about to end (`ending`). Only
   * between `follow` and its end.
   */
  async next(kind: SnapshotJobKind, place: JobPlace, ending = false): Promise<SnapshotJob | undefined> {
    const desk = this.#desks[kind]
    const followed = Math.max(1, desk.followers.size)
    const gap = ending ? ENDING_GAP_MS : FOLLOW_GAP_MS
    if (followed <= FEW) return this.#flight(kind, place).fresh(gap * followed)
    const jobs = await desk.all.fresh(gap)
    const job = jobs.find((one) => one.database === ('database' in place ? place.database : ''))
    // A renamed database's job comes under its former name, and one job that may not be seen hides all: ask for this one alone.
    return job ?? this.#flight(kind, place).fresh(FOLLOW_GAP_MS)
  }

  /** Counts a follower of a place as long as the work takes: the more there are, the less often each place is asked for alone. */
  async follow<T>(kind: SnapshotJobKind, place: JobPlace, work: () => Promise<T>): Promise<T> {
    const { followers } = this.#desks[kind]
    const key = keyOf(place)
    followers.set(key, (followers.get(key) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (followers.get(key) ?? 1) - 1
      if (left > 0) followers.set(key, left)
      else {
        followers.delete(key)
        this.#desks[kind].place.delete(key)
      }
    }
  }

  #desk(kind: SnapshotJobKind): Desk {
    return { place: new Map(), followers: new Map(), all: new SingleFlight(() => this.#read(kind)) }
  }

  #flight(kind: SnapshotJobKind, place: JobPlace): SingleFlight<SnapshotJob | undefined> {
    const desk = this.#desks[kind]
    const key = keyOf(place)
    let flight = desk.place.get(key)
    if (!flight) {
      flight = new SingleFlight(() => this.#readPlace(kind, place))
      // Those who look once, at a thousand databases, leave nothing behind.
      if (desk.followers.has(key)) desk.place.set(key, flight)
    }
    return flight
  }

  async #readPlace(kind: SnapshotJobKind, place: JobPlace): Promise<SnapshotJob | undefined> {
    if ('catalogs' in place) return (await this.#read(kind)).find((job) => job.database === '')
    try {
      return (await this.#read(kind, place.database)).find((job) => job.database !== '')
    } catch (error) {
      if (error instanceof StarRocksError && error.kind === 'NotFound') return undefined
      throw error
    }
  }

  #read(kind: SnapshotJobKind, database?: string): Promise<SnapshotJob[]> {
    return kind === 'backup'
      ? showBackups(this.#cluster, database, { urgent: true })
      : showRestores(this.#cluster, database, { urgent: true })
  }
}

/** No database's name holds a slash. */
const keyOf = (place: JobPlace) => ('database' in place ? place.database : '/')

const desks = new WeakMap<StarRocksCluster, JobDesk>()

/** The desk of a cluster; all activities of this process share it. */
export function snapshotJobs(cluster: StarRocksCluster): JobDesk {
  let found = desks.get(cluster)
  if (!found) {
    found = new JobDesk(cluster)
    desks.set(cluster, found)
  }
  return found
}
