import { compactLake, compacts } from '../data/index.ts'
import type { LabReplicationJob, LabState, LabTablet } from '../model.ts'
import { CommitFailed, commitJob } from './commit.ts'
import { constructJob, findDatabase, findPhysical, RequestRefused } from './construct-job.ts'
import { noHooks, type ReplicationHooks } from './hooks.ts'
import type { PartitionWork, RunningJob, SentJob } from './job.ts'
import type { ReplicationRequest } from './request.ts'
import { lakeSnapshot, remoteSnapshot } from './snapshot.ts'
import { abortTransaction, beginTransaction, configNumber, findTransaction } from './transactions.ts'

/** How long things take, in milliseconds of replication's own clock, which runs at the cluster's time factor. */
export interface ReplicationTiming {
  /** Between two looks at the jobs: `replication_interval_ms`. */
  tickMs: number
  snapshotMs: number
  replicateMs: number
  publishMs: number
  /** All jobs together share this. */
  bytesPerSecond: number
}

const TIMING: ReplicationTiming = {
  tickMs: 100,
  snapshotMs: 90,
  replicateMs: 110,
  publishMs: 60,
  bytesPerSecond: 2 ** 30,
}

/**
 * Replication on the target's leader: takes requests, carries jobs from state to state, keeps the records that
 * `SHOW PROC '/replications'` shows.
 */
export class ReplicationManager {
  /** Every request that was taken, in order. */
  readonly sentJobs: SentJob[] = []
  readonly timing: ReplicationTiming = { ...TIMING }
  hooks: ReplicationHooks = noHooks
  private readonly state: LabState
  private readonly timeFactor: number
  private running = new Map<bigint, RunningJob>()
  private readonly publishes = new Map<RunningJob, () => void>()
  private timer: NodeJS.Timeout | undefined
  private halted = false

  constructor(state: LabState, timeFactor: number) {
    this.state = state
    this.timeFactor = timeFactor
  }

  /**
   * startTableReplication on the leader.
   * @throws RequestRefused, ConnectionClosed
   */
  start(request: ReplicationRequest): void {
    const job = constructJob(this.state, request)
    const refusal = this.hooks.refuse() ?? this.overLimit()
    if (refusal) throw new RequestRefused(refusal)
    const { record } = job
    if (this.running.has(record.tableId))
      throw new RequestRefused(`Replication job of table ${record.tableId} is already running`)
    this.sentJobs.push(describe(job))
    if (this.hooks.loses(job)) return
    this.running.set(record.tableId, job)
    this.state.replicationJobs = this.state.replicationJobs.filter((one) => one.tableId !== record.tableId)
    this.state.replicationJobs.push(record)
    this.hooks.entered(job)
    this.schedule()
  }

  /** Limits look at what runs already, so one job alone may be over them. */
  private overLimit(): string | undefined {
    const jobs = [...this.running.values()]
    const tables = configNumber(this.state, 'replication_max_parallel_table_count', 100)
    if (jobs.length >= tables) return `The replication jobs exceeds the replication_max_parallel_table_count: ${tables}`
    const replicas = configNumber(this.state, 'replication_max_parallel_replica_count', 10240)
    const running = jobs.reduce((sum, one) => sum + one.replicaCount, 0)
    if (running >= replicas) {
      return `The replicating replica count in all running replication jobs ${running} exceeds replication_max_parallel_replica_count: ${replicas}`
    }
    const megabytes = configNumber(this.state, 'replication_max_parallel_data_size_mb', 1_048_576)
    const size = jobs.reduce((sum, one) => sum + one.dataSize, 0n) / 1_048_576n
    if (size >= BigInt(megabytes)) {
      return `The replicating data size in all running replication jobs ${size}(MB) exceeds replication_max_parallel_data_size_mb: ${megabytes}`
    }
    return undefined
  }

  /** Jobs that have not ended, with what is known of their work. */
  jobs(): readonly RunningJob[] {
    return [...this.running.values()]
  }

  /** Milliseconds of the clock by which jobs take their time. */
  private clock(): number {
    return performance.now() * this.timeFactor
  }

  private schedule(): void {
    if (this.timer || this.halted || (this.running.size === 0 && this.publishes.size === 0)) return
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.tick()
        this.schedule()
      },
      Math.max(1, this.timing.tickMs / this.timeFactor),
    )
  }

  /** Looks at every job once, as the frontend's daemon does. */
  tick(): void {
    for (const job of [...this.running.values()]) {
      const reason = this.hooks.aborts(job)
      if (reason !== undefined) this.abort(job, reason)
      else if (!this.hooks.frozen(job)) this.step(job)
    }
    const now = this.clock()
    for (const [job, publish] of [...this.publishes]) if ((job.publishMs ?? 0) <= now) this.publish(job, publish)
  }

  private step(job: RunningJob): void {
    const { record } = job
    if (this.isTableGone(job)) {
      this.abort(job, 'Table is deleted')
      return
    }
    if (record.state === 'INITIALIZING') {
      this.begin(job)
      return
    }
    const transaction = findTransaction(this.state, record.txnId)
    if (!transaction) {
      this.abort(job, 'Transaction not found')
      return
    }
    if (transaction.status === 'ABORTED') {
      this.abort(job, transaction.reason)
      return
    }
    const now = this.clock()
    if (now - job.begunMs > transaction.timeoutMs) {
      this.abort(job, 'timeout by txn manager')
      return
    }
    const duration = this.duration(job)
    const part = Math.min(1, (now - job.enteredMs) / duration)
    record.finishedTasks = Math.floor(part * record.totalTasks)
    if (part < 1) return
    if (record.state === 'SNAPSHOTING') this.finishSnapshots(job)
    else this.finishCopies(job)
  }

  private isTableGone(job: RunningJob): boolean {
    const db = findDatabase(this.state, job.record.databaseId)
    return db?.objects.get(job.table.name) !== job.table
  }

  private duration(job: RunningJob): number {
    const slowness = this.hooks.slowness(job)
    if (job.record.state === 'SNAPSHOTING') return this.timing.snapshotMs * slowness
    const busy = [...this.running.values()].filter((one) => one.record.state === 'REPLICATING').length
    return (this.timing.replicateMs + (job.bytes / this.timing.bytesPerSecond) * 1000 * Math.max(1, busy)) * slowness
  }

  private begin(job: RunningJob): void {
    const transaction = beginTransaction(this.state, job)
    if (!transaction) {
      this.abort(job, 'Transaction not found')
      return
    }
    job.record.txnId = transaction.id
    job.begunMs = this.clock()
    // Snapshot tasks go to the target replicas that were given a source; the others share what those fetch.
    const tasks = job.partitions.flatMap((one) =>
      one.tablets.flatMap((tablet) => tablet.replicas.filter((r) => r.sources.length > 0)),
    )
    if (job.lake) {
      this.enter(job, 'REPLICATING', job.replicaCount)
      return
    }
    if (tasks.length === 0) {
      this.abort(job, 'Running tasks is empty')
      return
    }
    this.enter(job, 'SNAPSHOTING', tasks.length)
  }

  private enter(job: RunningJob, state: LabReplicationJob['state'], tasks: number): void {
    job.record.state = state
    job.record.finishedTasks = 0
    job.record.totalTasks = tasks
    job.enteredMs = this.clock()
    this.hooks.entered(job)
    if (state === 'SNAPSHOTING') this.takeSnapshots(job)
  }

  /** Snapshots are made at the start of the phase, so that writes during the job do not get into it. */
  private takeSnapshots(job: RunningJob): void {
    const seen = new Set<bigint>()
    for (const partition of job.partitions) {
      for (const tablet of partition.tablets) {
        if (this.hooks.snapshotFails(job, tablet)) continue
        for (const { sources } of tablet.replicas) {
          tablet.snapshot ??= remoteSnapshot(this.state, job, partition, tablet, sources)
        }
        if (tablet.snapshot && !seen.has(partition.partitionId)) {
          job.bytes += tablet.snapshot.extraBytes
          seen.add(partition.partitionId)
        }
      }
    }
  }

  private finishSnapshots(job: RunningJob): void {
    const isComplete = job.partitions.every((one) => one.tablets.every((tablet) => tablet.snapshot))
    if (isComplete) this.enter(job, 'REPLICATING', job.replicaCount)
    else this.abort(job, 'Source snapshots is empty')
  }

  private finishCopies(job: RunningJob): void {
    for (const partition of job.partitions) {
      const targets = this.targetTablets(job, partition)
      for (const tablet of partition.tablets) {
        if (job.lake) tablet.snapshot ??= lakeSnapshot(job, partition, tablet)
        if (!tablet.snapshot) continue
        tablet.replicas.forEach((replica, i) => {
          const backend = targets.get(tablet.tabletId)?.replicas[i]?.backendId
          if (this.answers(backend) && !this.hooks.copyFails(job, tablet, i)) tablet.copied.add(replica.id)
        })
      }
    }
    this.commit(job)
  }

  private targetTablets(job: RunningJob, partition: PartitionWork): Map<bigint, LabTablet> {
    const physical = findPhysical(job.table, partition.partitionId)?.physical
    return new Map([...(physical?.tablets.values() ?? [])].flat().map((tablet) => [tablet.id, tablet]))
  }

  /** A node runs and answers. For lake tablets, and for tablets that a schema change replaced meanwhile, any node will do. */
  private answers(id: bigint | undefined): boolean {
    return this.state.nodes.some(
      (node) => (id === undefined || node.id === id) && node.alive && !this.hooks.unreachable(node),
    )
  }

  private commit(job: RunningJob): void {
    const transaction = findTransaction(this.state, job.record.txnId)
    if (!transaction) {
      this.abort(job, 'Transaction not found')
      return
    }
    let publish: () => void
    try {
      publish = commitJob(this.state, job).publish
    } catch (error) {
      if (error instanceof CommitFailed) {
        this.abort(job, error.message)
        return
      }
      throw error
    }
    const now = this.state.now()
    transaction.status = 'COMMITTED'
    transaction.commitMs = now
    job.record.finishedMs = now
    job.publishMs = this.clock() + this.timing.publishMs + this.hooks.publishDelayMs(job)
    this.running.delete(job.record.tableId)
    this.publishes.set(job, publish)
    this.enter(job, 'COMMITTED', 0)
  }

  private publish(job: RunningJob, publish: () => void): void {
    this.publishes.delete(job)
    publish()
    this.compact(job)
    const transaction = findTransaction(this.state, job.record.txnId)
    if (!transaction) return
    transaction.status = 'VISIBLE'
    transaction.publishMs = transaction.commitMs
    transaction.finishMs = this.state.now()
  }

  /** Compaction follows, and moves visible versions alone. */
  private compact(job: RunningJob): void {
    if (!compacts(this.state)) return
    for (const { partitionId } of job.partitions) {
      const physical = findPhysical(job.table, partitionId)?.physical
      if (physical && physical.id % 2n === 0n) compactLake(this.state, physical)
    }
  }

  /** Ends a job and, where it has one that is not committed, its transaction. */
  private abort(job: RunningJob, reason: string): void {
    const transaction = findTransaction(this.state, job.record.txnId)
    if (transaction?.status === 'PREPARE') abortTransaction(this.state, transaction, reason)
    this.running.delete(job.record.tableId)
    Object.assign(job.record, {
      state: 'ABORTED',
      finishedMs: this.state.now(),
      finishedTasks: 0,
      totalTasks: 0,
      error: reason,
    })
    this.hooks.entered(job)
  }

  /** The leader's process ends: nothing moves until `resume`. */
  halt(): void {
    this.halted = true
    clearTimeout(this.timer)
    this.timer = undefined
  }

  /**
   * A frontend leads that did not before. Jobs that had not begun were never written down and are gone; transactions that were
   * only prepared are lost, so their jobs abort; what was committed is published.
   */
  takeOver(): void {
    this.state.transactions = this.state.transactions.filter((one) => one.status !== 'PREPARE')
    for (const job of [...this.running.values()]) {
      if (job.record.state === 'INITIALIZING') {
        this.running.delete(job.record.tableId)
        this.state.replicationJobs = this.state.replicationJobs.filter((one) => one !== job.record)
      } else {
        this.abort(job, 'Transaction not found')
      }
    }
    this.halted = false
    this.schedule()
  }

  stop(): void {
    this.halt()
    this.running = new Map()
    this.publishes.clear()
  }
}

function describe(job: RunningJob): SentJob {
  const { record } = job
  return {
    jobId: record.jobId,
    databaseId: record.databaseId,
    databaseName: job.databaseName,
    tableId: record.tableId,
    tableName: job.table.name,
    atMs: record.createdMs,
    partitions: job.partitions.map((one) => ({
      partitionId: one.partitionId,
      partitionName: one.partitionName,
      sourceVersion: one.sourceVersion,
      sourceVersionEpoch: one.sourceVersionEpoch,
      targetVersion: findPhysical(job.table, one.partitionId)?.physical.dataVersion ?? one.targetVersion,
    })),
  }
}
