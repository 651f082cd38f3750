import type { LabCluster } from '../../lab/index.ts'

/** A partition at a version that a job sent although the same work was done, or on its way, already. */
export interface SentTwice {
  jobId: string
  earlier: string
  table: string
  partition: string
  version: bigint
}

/** A job that the target refused because it has the work, or is at it. */
export interface Needless {
  jobId: string
  refusal: string
}

/** What a target says to work that it has, that runs, or that is committed. */
const HAS_IT = /already running|No data need to replicate|publish version not finished/

/** Books every replication job that a lab cluster takes, and how it ended; made before the first one. */
export class JobLedger {
  readonly #cluster: LabCluster
  /** Job id → order number of the commit, counted in jobs sent. */
  readonly #committed = new Map<string, number>()
  readonly #aborted = new Set<string>()
  readonly #needless: Needless[] = []

  constructor(cluster: LabCluster) {
    this.#cluster = cluster
    const sent = () => cluster.sentJobs.length
    const { replication } = cluster
    const start = replication.start.bind(replication)
    replication.start = (request) => {
      try {
        start(request)
      } catch (error) {
        const refusal = error instanceof Error ? error.message : String(error)
        if (HAS_IT.test(refusal)) this.#needless.push({ jobId: request.jobId ?? '', refusal })
        throw error
      }
    }
    cluster.faults.inject({
      kind: 'during-job',
      state: 'COMMITTED',
      run: (job) => void this.#committed.set(job.jobId, sent()),
    })
    cluster.faults.inject({ kind: 'during-job', state: 'ABORTED', run: (job) => void this.#aborted.add(job.jobId) })
  }

  get sent(): number {
    return this.#cluster.sentJobs.length
  }

  get committed(): number {
    return this.#committed.size
  }

  get aborted(): number {
    return this.#aborted.size
  }

  /**
   * Sends that the target refused because the work was done or under way. A request whose answer was lost may be sent once more under the very
   * same job id: that is how a client finds out what became of it.
   */
  needless(): Needless[] {
    const sent = new Set(this.#cluster.sentJobs.map((job) => job.jobId))
    return this.#needless.filter(({ jobId }) => !sent.has(jobId))
  }

  /**
   * Work that was sent again although an earlier job with the same partition of the target, version and epoch had been committed by then. What
   * was aborted or lost is sent again rightly, and a partition that was emptied has another id.
   */
  sentTwice(): SentTwice[] {
    const first = new Map<string, string>()
    const twice: SentTwice[] = []
    for (const [order, job] of this.#cluster.sentJobs.entries()) {
      for (const { partitionId, partitionName, sourceVersion, sourceVersionEpoch } of job.partitions) {
        const key = `${job.tableId}/${partitionId}/${sourceVersion}/${sourceVersionEpoch}`
        const earlier = first.get(key)
        const done = earlier === undefined ? undefined : this.#committed.get(earlier)
        if (earlier !== undefined && done !== undefined && done <= order) {
          const table = `${job.databaseName}.${job.tableName}`
          twice.push({ jobId: job.jobId, earlier, table, partition: partitionName, version: sourceVersion })
        }
        // Of several, the one that was committed counts.
        if (earlier === undefined || done === undefined) first.set(key, job.jobId)
      }
    }
    return twice
  }
}
