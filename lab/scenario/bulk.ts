import { createPhysicalPartition } from '../data/index.ts'
import type { LabColumn, LabDatabase, LabPartition, LabState, LabTable } from '../model.ts'

export interface BulkOptions {
  database: string
  /** Names are `<prefix><number>`. */
  prefix?: string
  tables: number
  partitions: number
  /** Tablets of a partition: table number t has 1 + t % tablets. */
  tablets?: number
  replicas?: number
  /** Data version of each partition; 1 is empty. */
  version?: bigint
  /** Bytes of each partition of a table, by the table's number. */
  bytes?: (table: number) => number
}

const column = (name: string, type: string, key: boolean): LabColumn => ({
  name,
  type,
  key,
  nullable: !key,
  autoIncrement: false,
  comment: '',
})

/** Schema hash of the bulk tables: all have the same columns. */
const SCHEMA_HASH = 1_234_567_891

/**
 * Makes many small range-partitioned tables straight in a cluster's state, for benchmarks: ten thousand tables of ten partitions take
 * seconds. They hold no rows, but versions and bytes as if they had.
 */
export function buildTables(state: LabState, options: BulkOptions): LabDatabase {
  const database = bulkDatabase(state, options.database)
  for (let number = 0; number < options.tables; number++) {
    const name = `${options.prefix ?? 't'}${number}`
    database.objects.set(name, buildTable(state, name, number, options))
  }
  return database
}

function bulkDatabase(state: LabState, name: string): LabDatabase {
  const known = state.databases.get(name)
  if (known) return known
  const made: LabDatabase = { id: state.nextId(), name, objects: new Map(), properties: new Map(), functions: [] }
  state.databases.set(name, made)
  return made
}

function buildTable(state: LabState, name: string, number: number, options: BulkOptions): LabTable {
  const buckets = 1 + (number % (options.tablets ?? 3))
  const replicationNum = options.replicas ?? 1
  const logicalIds = Array.from({ length: options.partitions }, () => state.nextId())
  const table: LabTable = {
    kind: 'table',
    id: state.nextId(),
    name,
    state: 'NORMAL',
    engine: 'OLAP',
    comment: '',
    keysType: 'DUP_KEYS',
    keyColumns: ['id'],
    sortKey: [],
    partitioning: { kind: 'range', columns: ['id'] },
    distribution: { kind: 'hash', columns: ['id'], buckets },
    secondaryIndexes: [],
    properties: bulkProperties(state, replicationNum),
    indexes: [
      {
        id: state.nextId(),
        name,
        columns: [column('id', 'int(11)', true), column('v', 'varchar(20)', false)],
        schemaVersion: 0,
        schemaHash: SCHEMA_HASH,
        shortKeyColumnCount: 1,
        keysType: 'DUP_KEYS',
      },
    ],
    partitions: [],
    createdMs: state.now(),
    nextAutoIncrement: 1n,
  }
  const separate = state.version === '3.5' || state.version === '4.1'
  table.partitions = logicalIds.map((id, i): LabPartition => {
    const physical = createPhysicalPartition(state, table, { buckets, replicationNum, id: separate ? undefined : id })
    const version = options.version ?? 1n
    Object.assign(physical, { dataVersion: version, visibleVersion: version, committedVersion: version })
    for (const tablets of physical.tablets.values()) {
      for (const tablet of tablets) for (const replica of tablet.replicas) replica.version = version
    }
    if (options.bytes) physical.extraBytes = options.bytes(number)
    return {
      id,
      name: `p${i}`,
      temporary: false,
      range: { lower: [i === 0 ? '-2147483648' : String(i * 100)], upper: [String((i + 1) * 100)] },
      buckets,
      replicationNum,
      storageMedium: 'HDD',
      cooldownTime: '9999-12-31 23:59:59',
      physical: [physical],
    }
  })
  return table
}

function bulkProperties(state: LabState, replicationNum: number): Map<string, string> {
  const properties = new Map([['replication_num', String(replicationNum)]])
  if (state.runMode === 'shared_data') return properties
  return properties.set('replicated_storage', 'true').set('compression', 'LZ4')
}
