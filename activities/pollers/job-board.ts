import {
  type ReplicationJob,
  replications,
  type StarRocksCluster,
  type Transaction,
  transactions,
} from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { SingleFlight } from './single-flight.ts'

/** How often followers of jobs look, however many they are. */
const FOLLOW_GAP_MS = 1_000
/** Databases asked for their running jobs without a pause, and the pause between the others. */
const UNHURRIED = 10
const GAP_MS = 100
/** Statements a second for following jobs, where each database has to be asked for its own. */
const FOLLOW_PER_SECOND = 6
/** A database in which nobody follows a job for so long is not counted any more. */
const FOLLOWED_MS = 60_000
/** Who looks before sending does so less often, and others wait for it. */
const LOOK_GAP_MS = 200

/** A replication job as the target tells it, from PROC '/replications' or from its transaction. */
export interface Job {
  jobId: string
  databaseId: bigint
  tableId: bigint
  /** `committed` may not be visible yet. */
  state: 'running' | 'committed' | 'aborted'
  /** As printed, for people. */
  phase: string
  txnId: bigint
  progress?: { first: number; total: number }
  error: string
}

/** The replication jobs of a cluster at one moment. */
export class Jobs {
  readonly #byTable = new Map<bigint, Job[]>()

  constructor(jobs: Iterable<Job>) {
    for (const job of jobs) {
      const same = this.#byTable.get(job.tableId)
      if (same) same.push(job)
      else this.#byTable.set(job.tableId, [job])
    }
  }

  of(tableId: bigint): readonly Job[] {
    return this.#byTable.get(tableId) ?? []
  }

  find(tableId: bigint, jobId: string): Job | undefined {
    return this.of(tableId).find((job) => job.jobId === jobId)
  }

  running(tableId: bigint): Job | undefined {
    return this.of(tableId).find((job) => job.state === 'running')
  }

  *all(): Generator<Job> {
    for (const jobs of this.#byTable.values()) yield* jobs
  }
}

/** What all who follow jobs of one cluster share: one statement a second (two for each database on versions without /replications). */
export class JobBoard {
  readonly #cluster: StarRocksCluster
  #mode: 'replications' | 'transactions' | undefined
  #detecting: Promise<'replications' | 'transactions'> | undefined
  readonly #whole: SingleFlight<Jobs>
  readonly #databases = new Map<bigint, SingleFlight<Jobs>>()
  /** Databases in which jobs are followed, and when that was last asked for. */
  readonly #followed = new Map<bigint, number>()

  constructor(cluster: StarRocksCluster) {
    this.#cluster = cluster
    this.#whole = new SingleFlight(async () => new Jobs(await this.#readReplications()))
  }

  /** Fresh from now on: for those who are about to send, or to decide that a job is lost. */
  look(databaseId: bigint): Promise<Jobs> {
    return this.#fresh(databaseId, LOOK_GAP_MS)
  }

  /** Fresh from now on, at the followers' pace. */
  async next(databaseId: bigint): Promise<Jobs> {
    this.#mode ??= await this.#detect()
    if (this.#mode === 'replications') return this.#whole.fresh(FOLLOW_GAP_MS)
    const now = performance.now()
    this.#followed.set(databaseId, now)
    for (const [id, at] of this.#followed) if (now - at > FOLLOWED_MS) this.#followed.delete(id)
    // Two statements each.
    const gap = (this.#followed.size * 2_000) / FOLLOW_PER_SECOND
    return this.#fresh(databaseId, Math.max(FOLLOW_GAP_MS, gap))
  }

  /**
   * The running jobs of these databases, fresh. Where each database has to be asked for its own, some ten a second are: who looks at hundreds is
   * in no hurry.
   */
  async lookAtRunning(databaseIds: readonly bigint[], signal?: AbortSignal): Promise<Job[]> {
    const wanted = new Set(databaseIds)
    if (wanted.size === 0) return []
    this.#mode ??= await this.#detect()
    if (this.#mode === 'replications') {
      const jobs = await this.#whole.fresh(LOOK_GAP_MS)
      return [...jobs.all()].filter((job) => job.state === 'running' && wanted.has(job.databaseId))
    }
    const found: Job[] = []
    for (const [place, id] of databaseIds.entries()) {
      if (place >= UNHURRIED) await pause(GAP_MS, signal)
      signal?.throwIfAborted()
      for (const transaction of await transactions(this.#cluster, id, 'running')) {
        const job = ofTransaction(transaction)
        if (job?.state === 'running') found.push(job)
      }
    }
    return found
  }

  /** Whether all jobs are told by one statement, however many databases there are. */
  async tellsAll(): Promise<boolean> {
    this.#mode ??= await this.#detect()
    return this.#mode === 'replications'
  }

  async #fresh(databaseId: bigint, gapMs: number): Promise<Jobs> {
    this.#mode ??= await this.#detect()
    if (this.#mode === 'replications') return this.#whole.fresh(gapMs)
    let board = this.#databases.get(databaseId)
    if (!board) {
      board = new SingleFlight(async () => new Jobs(await this.#readTransactions(databaseId)))
      this.#databases.set(databaseId, board)
    }
    return board.fresh(gapMs)
  }

  /** Once for all who ask first at the same time. */
  #detect(): Promise<'replications' | 'transactions'> {
    this.#detecting ??= replications(this.#cluster, { urgent: true })
      .then((jobs) => (jobs === 'unsupported' ? 'transactions' : 'replications'))
      .finally(() => {
        this.#detecting = undefined
      })
    return this.#detecting
  }

  async #readReplications(): Promise<Job[]> {
    // All who follow jobs wait for it: behind the statements of tables that start it would come late, and look as if it took long.
    const jobs = await replications(this.#cluster, { urgent: true })
    if (jobs !== 'unsupported') return jobs.map(ofReplication)
    // Another frontend of another version leads now.
    this.#mode = undefined
    return []
  }

  async #readTransactions(databaseId: bigint): Promise<Job[]> {
    // Running ones first: a transaction that ends in between is seen twice rather than not at all.
    const running = await transactions(this.#cluster, databaseId, 'running')
    const finished = await transactions(this.#cluster, databaseId, 'finished')
    const jobs = new Map<bigint, Job>()
    for (const transaction of [...running, ...finished]) {
      const job = ofTransaction(transaction)
      if (job) jobs.set(transaction.id, job)
    }
    return [...jobs.values()].sort((a, b) => (a.txnId < b.txnId ? 1 : -1))
  }
}

function ofReplication(job: ReplicationJob): Job {
  const state = job.state === 'COMMITTED' ? 'committed' : job.state === 'ABORTED' ? 'aborted' : 'running'
  const { jobId, databaseId, tableId, txnId, progress, error } = job
  return { jobId, databaseId, tableId, state, phase: job.state, txnId, progress, error }
}

function ofTransaction(transaction: Transaction): Job | undefined {
  const match = /^REPLICATION_(\d+)_(\d+)_(.+)$/.exec(transaction.label)
  if (!match?.[1] || !match[2] || !match[3]) return undefined
  const { status } = transaction
  const state =
    status === 'ABORTED' ? 'aborted' : status === 'COMMITTED' || status === 'VISIBLE' ? 'committed' : 'running'
  return {
    jobId: match[3],
    databaseId: BigInt(match[1]),
    tableId: BigInt(match[2]),
    state,
    phase: status,
    txnId: transaction.id,
    error: transaction.reason || transaction.error,
  }
}

const boards = new WeakMap<StarRocksCluster, JobBoard>()

/** The one board of a cluster's sessions. */
export function jobBoard(cluster: StarRocksCluster): JobBoard {
  let board = boards.get(cluster)
  if (!board) {
    board = new JobBoard(cluster)
    boards.set(cluster, board)
  }
  return board
}
