import { randomUUID } from 'node:crypto'
import { createPhysicalPartition, insertRows } from '../../../lab/data/index.ts'
import type {
  LabColumn,
  LabDatabase,
  LabIndexMeta,
  LabPartition,
  LabPhysicalPartition,
  LabState,
  LabTable,
  LabValue,
  LabVersion,
} from '../../../lab/model.ts'
import type { LabServicesOptions } from '../../../lab/services.ts'
import { LabServices } from '../../../lab/services.ts'

export interface TestClusterOptions {
  version?: LabVersion
  runMode?: LabState['runMode']
  frontends?: number
  timeFactor?: number
  createPartition?: LabServicesOptions['createPartition']
}

let epochs = 0n

/** The state of a cluster without a table; ids begin where a new one's begin. */
export function emptyState(options: TestClusterOptions = {}): LabState {
  let id = 10_000n
  const startMs = Date.now()
  const setting = (value: string) => ({ value, type: 'int', mutable: true, aliases: '', comment: '' })
  return {
    name: 'test',
    version: options.version ?? '3.5',
    runMode: options.runMode ?? 'shared_nothing',
    token: randomUUID(),
    clusterId: '710093841',
    serviceId: randomUUID(),
    databases: new Map(),
    frontends: Array.from({ length: options.frontends ?? 1 }, (_, i) => ({
      id: BigInt(i + 1),
      name: `fe${i}`,
      host: '127.0.0.1',
      editLogPort: 9010,
      httpPort: 0,
      queryPort: 0,
      rpcPort: 0,
      role: i === 0 ? ('LEADER' as const) : ('FOLLOWER' as const),
      alive: true,
      startedMs: startMs,
    })),
    nodes: [0, 1, 2].map((i) => ({
      id: BigInt(10_001 + i),
      host: '127.0.0.1',
      heartbeatPort: 9050,
      bePort: 0,
      httpPort: 0,
      brpcPort: 8060,
      alive: true,
      startedMs: startMs,
      diskTotal: 100,
      diskUsed: 10,
    })),
    users: new Map([['root', { name: 'root', password: '', privileges: new Set(['ALL']) }]]),
    roles: new Map(),
    catalogs: new Map(),
    globalFunctions: [],
    resources: new Map(),
    resourceGroups: new Map(),
    recycleBin: [],
    routineLoads: [],
    repositories: new Map(),
    snapshotJobs: new Map(),
    config: new Map([
      ['replication_max_parallel_table_count', setting('100')],
      ['replication_max_parallel_replica_count', setting('10240')],
      ['replication_max_parallel_data_size_mb', setting('1048576')],
      ['max_running_txn_num_per_db', setting('1000')],
    ]),
    storageVolumes: new Map(),
    transactions: [],
    replicationJobs: [],
    nextId: () => ++id,
    nextEpoch: () => (BigInt(Date.now() - 1_577_836_800_000) << 21n) | (++epochs & 0x1fffn),
    now: () => Date.now(),
  }
}

export class TestCluster {
  readonly state: LabState
  readonly services: LabServices

  private constructor(state: LabState, services: LabServices) {
    this.state = state
    this.services = services
  }

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const state = emptyState(options)
    const services = new LabServices(state, {
      timeFactor: options.timeFactor ?? 20,
      createPartition:
        options.createPartition ??
        (() => {
          throw new Error('no automatic partitions here')
        }),
    })
    await services.start()
    return new TestCluster(state, services)
  }

  get rpcPort(): number {
    return this.state.frontends[0]?.rpcPort ?? 0
  }

  get httpPort(): number {
    return this.state.frontends[0]?.httpPort ?? 0
  }

  database(name: string): LabDatabase {
    return addDatabase(this.state, name)
  }

  async stop(): Promise<void> {
    await this.services.stop()
  }
}

export function addDatabase(state: LabState, name: string): LabDatabase {
  const known = state.databases.get(name)
  if (known) return known
  const made: LabDatabase = { id: state.nextId(), name, objects: new Map(), properties: new Map(), functions: [] }
  state.databases.set(name, made)
  return made
}

export function column(name: string, type: string, more: Partial<LabColumn> = {}): LabColumn {
  return { name, type, key: false, nullable: true, autoIncrement: false, comment: '', ...more }
}

export interface TestTableOptions {
  keysType?: LabTable['keysType']
  columns?: LabColumn[]
  keys?: string[]
  buckets?: number
  replicas?: number
  /** Upper ends of range partitions on the first column; one partition without a range otherwise. */
  ranges?: number[]
  rollups?: string[]
  distribution?: LabTable['distribution']
  schemaHash?: number
}

/** A table with its base index and rollups, made as CREATE TABLE would. */
export function addTable(state: LabState, db: LabDatabase, name: string, options: TestTableOptions = {}): LabTable {
  const columns = options.columns ?? [
    column('id', 'int(11)', { key: true, nullable: false }),
    column('v', 'varchar(20)'),
  ]
  const keysType = options.keysType ?? 'DUP_KEYS'
  const index = (indexName: string): LabIndexMeta => ({
    id: state.nextId(),
    name: indexName,
    columns,
    schemaVersion: 0,
    schemaHash: options.schemaHash ?? 1_000_003,
    shortKeyColumnCount: 1,
    keysType,
  })
  const first = columns[0]?.name ?? 'id'
  const table: LabTable = {
    kind: 'table',
    id: state.nextId(),
    name,
    state: 'NORMAL',
    engine: 'OLAP',
    comment: '',
    keysType,
    keyColumns: options.keys ?? [first],
    sortKey: [],
    partitioning: { kind: options.ranges ? 'range' : 'none', columns: options.ranges ? [first] : [] },
    distribution: options.distribution ?? { kind: 'hash', columns: [first], buckets: options.buckets ?? 2 },
    secondaryIndexes: [],
    properties: new Map(),
    indexes: [index(name), ...(options.rollups ?? []).map(index)],
    partitions: [],
    createdMs: state.now(),
    nextAutoIncrement: 1n,
  }
  const shape = { buckets: options.buckets ?? 2, replicationNum: options.replicas ?? 1 }
  const partition = (partitionName: string, range?: LabPartition['range']): LabPartition => ({
    id: state.nextId(),
    name: partitionName,
    temporary: false,
    range,
    ...shape,
    storageMedium: 'HDD',
    cooldownTime: '9999-12-31 23:59:59',
    physical: [createPhysicalPartition(state, table, shape)],
  })
  const ranges = options.ranges ?? []
  table.partitions =
    ranges.length === 0
      ? [partition(name)]
      : ranges.map((upper, i) =>
          partition(`p${i + 1}`, { lower: [i === 0 ? '-2147483648' : String(ranges[i - 1])], upper: [String(upper)] }),
        )
  db.objects.set(name, table)
  return table
}

export function load(cluster: { state: LabState }, db: LabDatabase, table: LabTable, rows: LabValue[][]): void {
  insertRows(cluster.state, db, table, undefined, rows)
}

export function physicalOf(table: LabTable, partition = 0): LabPhysicalPartition {
  const found = table.partitions[partition]?.physical[0]
  if (!found) throw new Error(`Table ${table.name} has no partition ${partition}`)
  return found
}
