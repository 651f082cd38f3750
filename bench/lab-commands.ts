import { LabCluster, type LabClusterOptions, type LabTable, type SnapshotTiming } from '../lab/index.ts'
import { type BulkOptions, buildTables } from '../lab/scenario/bulk.ts'
import type { BaselineOptions } from './baseline.ts'
import { BackupClock, type JobTimes } from './job-times.ts'

export type Side = 'source' | 'target'

/** Tables made straight in the state of clusters, and how far their copies are. */
export interface BenchTables extends Omit<BulkOptions, 'bytes'> {
  /** Bytes of each partition: the same for all, or between two ends, evenly on a logarithmic scale. */
  bytes?: number | [least: number, most: number]
  /** The target's copies: not there, there and empty, or at the source's versions. */
  copies: 'none' | 'empty' | 'in-sync'
}

export interface SlotUse {
  /** Mean of running jobs, from the first one on, while tables waited that had not been sent yet. */
  meanRunning: number
  mostRunning: number
  seconds: number
  tablesSent: number
}

/** What the parent may ask of the process with the lab clusters. Answers are plain data. */
export class LabCommands {
  readonly #clusters = new Map<Side, LabCluster>()
  readonly #statements = new Map<Side, Map<string, number>>()
  readonly #backups = new BackupClock()

  /** Starts the clusters that are asked for; answers how a worker reaches them. */
  async start(options: Partial<Record<Side, Omit<LabClusterOptions, 'name'>>>) {
    const clusters: Record<string, { frontends: string[]; token: string }> = {}
    for (const side of ['source', 'target'] as const) {
      const wanted = options[side]
      if (!wanted) continue
      const cluster = await LabCluster.start({
        ...wanted,
        name: side,
        onStatement: (sql: string) => this.#count(side, sql),
      })
      this.#clusters.set(side, cluster)
      // Room for whatever a benchmark makes up.
      for (const node of cluster.state.nodes) node.diskTotal = 2 ** 50
      const frontends = cluster.endpoints.frontends.map(({ host, queryPort }) => `${host}:${queryPort}`)
      clusters[side] = { frontends, token: cluster.state.token }
    }
    return clusters
  }

  /** Makes a repository known to the source; its jobs go at this pace. */
  async attachRepository(options: {
    name: string
    location: string
    properties: Record<string, string>
    timing: Partial<SnapshotTiming>
  }): Promise<void> {
    const cluster = this.#cluster('source')
    Object.assign(cluster.snapshots.timing, options.timing)
    const properties = Object.entries(options.properties).map(([key, value]) => `'${key}' = '${value}'`)
    await cluster.run(
      `CREATE REPOSITORY ${options.name} WITH BROKER ON LOCATION '${options.location}' PROPERTIES (${properties.join(', ')})`,
    )
  }

  /** Backups of the source that have finished. */
  backups(): JobTimes[] {
    return this.#backups.times(this.#cluster('source'))
  }

  /** When the source got its first BACKUP. */
  sentBackup(): number | undefined {
    return this.#backups.first
  }

  /** A full backup of a database of the source stands in the repository, as far as its record goes. */
  async writeBaseline(options: BaselineOptions): Promise<void> {
    const { writeBaseline } = await import('./baseline.ts')
    await writeBaseline(options)
  }

  /** Many databases in the source, `<database>0001` and so on, each with some tables. */
  buildDatabases(databases: number, options: Omit<BulkOptions, 'bytes'>): void {
    const { state } = this.#cluster('source')
    for (let number = 1; number <= databases; number++) {
      buildTables(state, { ...options, database: `${options.database}${String(number).padStart(4, '0')}` })
    }
  }

  build({ copies, bytes, ...options }: BenchTables): void {
    const bulk = { ...options, bytes: bytes === undefined ? undefined : sizes(bytes) }
    buildTables(this.#cluster('source').state, bulk)
    if (copies === 'none') return
    buildTables(this.#cluster('target').state, copies === 'empty' ? { ...options, version: 1n } : bulk)
    if (copies === 'in-sync') for (const [from, to] of this.#pairs(options.database)) markCopied(from, to)
  }

  /** Writes to one partition of every n-th source table. */
  write(database: string, every: number): void {
    let number = 0
    for (const object of this.#cluster('source').state.databases.get(database)?.objects.values() ?? []) {
      if (object.kind !== 'table' || number++ % every > 0) continue
      const physical = object.partitions[0]?.physical[0]
      if (!physical) continue
      physical.dataVersion++
      physical.visibleVersion++
      physical.committedVersion++
      for (const tablets of physical.tablets.values()) {
        for (const { replicas } of tablets) for (const replica of replicas) replica.version = physical.visibleVersion
      }
    }
  }

  /** Another comment on every n-th source table and another bound at its last partition. */
  change(database: string, every: number): void {
    let number = 0
    for (const [from] of this.#pairs(database)) {
      if (number++ % every > 0) continue
      from.comment = 'changed'
      const last = from.partitions.at(-1)
      if (last?.range) last.range = { lower: last.range.lower, upper: ['2000000000'] }
    }
  }

  /** Statements since the last call, by cluster and kind. */
  statements(): Record<Side, Record<string, number>> {
    const counts = { source: {}, target: {} }
    for (const side of ['source', 'target'] as const) {
      counts[side] = Object.fromEntries(this.#statements.get(side) ?? [])
      this.#statements.delete(side)
    }
    return counts
  }

  runningJobs(): number {
    return this.#cluster('target').replication.jobs().length
  }

  /** Looks at the target's jobs many times a second, until all of so many tables have been sent. */
  async slotUse(tables: number): Promise<SlotUse> {
    const { replication } = this.#cluster('target')
    const sent = new Set<bigint>()
    let seen = 0
    let area = 0
    let most = 0
    let first: number | undefined
    let last = 0
    let running = 0
    for (;;) {
      const now = performance.now()
      if (first !== undefined) area += running * (now - last)
      last = now
      for (; seen < replication.sentJobs.length; seen++) {
        const job = replication.sentJobs[seen]
        if (job) sent.add(job.tableId)
      }
      running = replication.jobs().length
      most = Math.max(most, running)
      if (running > 0) first ??= now
      if (sent.size >= tables) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const ms = last - (first ?? last)
    return { meanRunning: ms > 0 ? area / ms : 0, mostRunning: most, seconds: ms / 1000, tablesSent: sent.size }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.stop()))
  }

  #count(side: Side, sql: string): void {
    this.#backups.see(sql)
    const counts = this.#statements.get(side) ?? new Map<string, number>()
    this.#statements.set(side, counts)
    const kind = sql.replaceAll(/\d+|`[^`]*`/g, '?').slice(0, 60)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }

  #cluster(side: Side): LabCluster {
    const cluster = this.#clusters.get(side)
    if (!cluster) throw new Error(`The ${side} was not started`)
    return cluster
  }

  /** Source tables of a database, in the order in which they were made, with their copies. */
  *#pairs(database: string): Generator<[LabTable, LabTable]> {
    const copies = this.#cluster('target').state.databases.get(database)?.objects
    for (const [name, from] of this.#cluster('source').state.databases.get(database)?.objects ?? []) {
      const to = copies?.get(name)
      if (from.kind === 'table' && to?.kind === 'table') yield [from, to]
    }
  }
}

function sizes(bytes: number | [number, number]): (table: number) => number {
  if (typeof bytes === 'number') return () => bytes
  const [least, most] = bytes
  // Every table its own step, large and small ones mixed: steps of the golden ratio.
  return (table) => Math.round(least * (most / least) ** ((table * 0.618_033_988_7) % 1))
}

/** As after a replication of each partition. */
function markCopied(from: LabTable, to: LabTable): void {
  for (const [place, partition] of from.partitions.entries()) {
    const original = partition.physical[0]
    const copy = to.partitions[place]?.physical[0]
    if (!original || !copy) continue
    copy.versionEpoch = original.versionEpoch
    copy.versionTxnType = 'TXN_REPLICATION'
  }
}
