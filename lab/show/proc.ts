import type { LabDatabase, LabIndexMeta, LabObject, LabPhysicalPartition, LabTable } from '../model.ts'
import { type LabResult, type LabSqlContext, table as tableResult } from '../sql/context.ts'
import { analysisFailure, oldShowFailure } from '../sql/errors.ts'
import { showResources } from '../sql/run-resource.ts'
import { catalogList, unreachableCatalog } from './catalogs.ts'
import { showColocationGroups } from './colocation.ts'
import { describeIndex } from './describe.ts'
import { byName, longSize, percent } from './format.ts'
import { showBackends, showComputeNodes, showFrontends } from './nodes.ts'
import { inHashOrder } from './partition-order.ts'
import { partitionType } from './partition-type.ts'
import { showPartitions } from './partitions.ts'
import { showReplications } from './replications.ts'
import { showReplicas, showTablets } from './tablets.ts'
import { showTransactionPartitions, showTransactions, transactionCounts, transactionDatabases } from './transactions.ts'

const unknownPath = (path: string, why: string) => analysisFailure(`Unknown proc node path: ${path}. msg: ${why}`)

/** Databases as a frontend has them: its own ones first, with fixed ids. */
export const allDatabases = (
  context: LabSqlContext,
): { id: bigint; name: string; tables: number; quota?: string }[] => [
  { id: 1n, name: 'information_schema', tables: systemTableCount(context) },
  { id: 100n, name: 'sys', tables: 6 },
  { id: statisticsId, name: '_statistics_', tables: 10 },
  ...[...context.state.databases.values()].map((d) => ({
    id: d.id,
    name: d.name,
    tables: d.objects.size,
    quota: d.properties.get('data_quota'),
  })),
]

/** The frontend's own statistics; its tables are of no use to anybody. */
export const statisticsId = 10299n

const quotaBytes = (text: string): number => {
  const parts = /^(\d+)([KMGTP]?)B?$/i.exec(text)
  return Number(parts?.[1] ?? 0) * 1024 ** ' KMGTP'.indexOf((parts?.[2] ?? '').toUpperCase() || ' ')
}

const systemTableCount = (context: LabSqlContext): number =>
  ({ '3.1': 40, '3.3': 46, '3.5': 54, '4.1': 58 })[context.profile.version]

/** SHOW PROC '<path>'. */
export const showProc = (context: LabSqlContext, path: string, allowed: () => void): LabResult => {
  if (!path.startsWith('/')) throw unknownPath(path, `Path(${path}) does not start with '/'`)
  const parts = path.split('/').filter((p) => p !== '')
  const [root, ...rest] = parts
  if (root !== undefined && !context.profile.procRoots.includes(root))
    throw unknownPath(path, `Cannot find path: ${path}`)
  allowed()
  switch (root) {
    case undefined:
      return tableResult(
        ['name'],
        context.profile.procRoots.map((name) => [name]),
      )
    case 'frontends':
      return showFrontends(context)
    case 'backends':
      return rest[0] === undefined ? showBackends(context) : showDisks(context, path, rest[0])
    case 'compute_nodes':
      return showComputeNodes(context)
    case 'dbs':
      return showDbs(context, path, rest)
    case 'replications':
      return showReplications(context)
    case 'transactions':
      return showTransactionTree(context, path, rest)
    case 'compactions':
      return tableResult(['Partition', 'TxnID', 'StartTime', 'CommitTime', 'FinishTime', 'Error', 'Profile'], [])
    case 'catalog':
      if (rest[0] !== undefined) throw unreachableCatalog(context)
      return catalogList([...context.state.catalogs.values()])
    case 'resources':
      return showResources(context)
    case 'colocation_group':
      return showColocationGroups(context)
    case 'statistic':
      return showStatistic(context)
  }
  throw unknownPath(path, `Cannot find path: ${path}`)
}

/** PROC '/backends/<id>': the lab's nodes have one disk each. */
const showDisks = (context: LabSqlContext, path: string, id: string): LabResult => {
  const node = context.state.nodes.find((n) => String(n.id) === id)
  if (!node || context.state.runMode === 'shared_data') throw unknownPath(path, `Backend[${id}] does not exist.`)
  return byName(context, 'disks', [
    {
      RootPath: `/data/be${node.id}/storage`,
      DataUsedCapacity: longSize(node.diskUsed),
      OtherUsedCapacity: '0.000 B',
      AvailCapacity: longSize(node.diskTotal - node.diskUsed),
      TotalCapacity: longSize(node.diskTotal),
      TotalUsedPct: percent(node.diskUsed, node.diskTotal),
      State: 'ONLINE',
      PathHash: '123456',
      StorageMedium: 'SSD',
      TabletNum: '0',
      DataTotalCapacity: longSize(node.diskTotal),
      DataUsedPct: percent(node.diskUsed, node.diskTotal),
    },
  ])
}

const showTransactionTree = (context: LabSqlContext, path: string, rest: string[]): LabResult => {
  const [db, state, id] = rest
  if (db === undefined) return transactionDatabases(context)
  const database = [...context.state.databases.values()].find((d) => String(d.id) === db || d.name === db)
  if (!database) {
    if (/^\d+$/.test(db)) throw oldShowFailure(context, `databaseTransactionMgr[${db}] does not exist`)
    throw unknownPath(path, `Unknown database id or name "${db}"`)
  }
  if (state === undefined) return transactionCounts(context, database)
  if (state !== 'running' && state !== 'finished') throw unknownPath(path, `State ${state} is not exist`)
  return id === undefined ? showTransactions(context, database, state) : showTransactionPartitions(context, id)
}

const showDbs = (context: LabSqlContext, path: string, rest: string[]): LabResult => {
  const [db, tableId, node, ...inner] = rest
  if (db === undefined) {
    return byName(
      context,
      'dbs',
      allDatabases(context).map((d) => ({
        DbId: String(d.id),
        DbName: d.name,
        TableNum: String(d.tables),
        Quota: d.quota === undefined ? '8388608.000 TB' : longSize(quotaBytes(d.quota)),
        LastConsistencyCheckTime: null,
        ReplicaQuota: '9223372036854775807',
      })),
    )
  }
  const database = [...context.state.databases.values()].find((d) => String(d.id) === db || d.name === db)
  if (!database) {
    if (
      ['1', 'information_schema', '100', 'sys', String(statisticsId), '_statistics_'].includes(db) &&
      tableId === undefined
    )
      return byName(context, 'tables', [])
    throw unknownPath(path, `Unknown database id or name "${db}"`)
  }
  if (tableId === undefined) return showTables(context, database)
  const table = findObject(database, tableId)
  if (!table) throw unknownPath(path, `unknown table id or name "${tableId}"`)
  if (node === undefined) {
    return tableResult(
      ['Nodes'],
      ['partitions', 'temp_partitions', 'index_schema'].map((n) => [n]),
    )
  }
  if (table.kind !== 'table') {
    if (node === 'partitions') {
      throw unknownPath(path, `Table[${table.name}] is not a OLAP/MATERIALIZED_VIEW/ELASTICSEARCH/HIVE/HUDI table`)
    }
    if (node === 'temp_partitions') throw unknownPath(path, `Table[${table.name}] does not have temp partitions`)
    throw unknownPath(path, `Not implemented yet: ${node}`)
  }
  return showTableNode(context, path, table, node, inner)
}

/** Objects that were found by id: each of ten thousand tables is asked for again and again. */
const foundById = new WeakMap<LabDatabase, Map<bigint, LabObject>>()

/** By id or name. */
const findObject = (database: LabDatabase, key: string): LabObject | undefined => {
  if (!/^\d+$/.test(key)) return database.objects.get(key)
  const id = BigInt(key)
  let known = foundById.get(database)
  // Dropped tables are not kept for it.
  if (!known || known.size > 2 * database.objects.size) {
    known = new Map()
    foundById.set(database, known)
  }
  const before = known.get(id)
  // Still there, under whatever name it has now.
  if (before?.id === id && database.objects.get(before.name) === before) return before
  for (const object of database.objects.values()) {
    if (object.id === id) known.set(id, object)
    if (object.id === id || object.name === key) return object
  }
  return undefined
}

const showTableNode = (
  context: LabSqlContext,
  path: string,
  table: LabTable,
  node: string,
  inner: string[],
): LabResult => {
  const [first, second, third] = inner
  if (node === 'index_schema') {
    if (first === undefined) return showIndexSchema(context, table)
    const index = table.indexes.find((i) => String(i.id) === first || i.name === first)
    if (!index) throw unknownPath(path, `Unknown index id or name "${first}"`)
    // A shared-data cluster answers with the table's own columns, whichever index was asked for.
    const shown = context.state.runMode === 'shared_data' ? table.indexes[0] : index
    return describeIndex(context, table, shown?.columns ?? index.columns)
  }
  if (node !== 'partitions' && node !== 'temp_partitions') throw unknownPath(path, `Not implemented yet: ${node}`)
  const temporary = node === 'temp_partitions'
  if (first === undefined) return showPartitions(context, table, temporary)
  const found = findPhysical(table, first, temporary)
  if (!found) throw unknownPath(path, `Unknown partition id or name "${first}"`)
  if (second === undefined) return showIndexes(context, table, found)
  const index = table.indexes.find((i) => String(i.id) === second || i.name === second)
  if (!index) throw unknownPath(path, `Unknown index id or name "${second}"`)
  if (third === undefined) return showTablets(context, table, found, index)
  const tablet = found.tablets.get(index.id)?.find((t) => String(t.id) === third)
  if (!tablet) throw unknownPath(path, `Unknown tablet id or name "${third}"`)
  if (context.state.runMode === 'shared_data') return showTablets(context, table, found, index, tablet)
  return showReplicas(context, table, index, tablet)
}

const findPhysical = (table: LabTable, key: string, temporary: boolean): LabPhysicalPartition | undefined => {
  for (const partition of table.partitions) {
    if (partition.temporary !== temporary) continue
    const physical =
      partition.physical.find((p) => String(p.id) === key) ??
      (partition.name === key ? partition.physical[0] : undefined)
    if (physical) return physical
  }
  return undefined
}

const objectType = (context: LabSqlContext, object: LabObject): string => {
  const lake = context.state.runMode === 'shared_data'
  if (object.kind === 'table') return lake ? 'CLOUD_NATIVE' : 'OLAP'
  if (object.kind === 'materialized-view') return lake ? 'CLOUD_NATIVE_MATERIALIZED_VIEW' : 'MATERIALIZED_VIEW'
  return object.kind === 'view' ? 'VIEW' : object.engine
}

/** Automatic tables have a hidden partition, from which loads learn the layout of new ones. */
const shadows = (table: LabTable): number =>
  table.partitioning.kind === 'expression-range' || table.partitioning.kind === 'automatic-list' ? 1 : 0

/** Replicas of a table; in a shared-data cluster its tablets. */
export const replicaCount = (table: LabTable): number => {
  let count = 0
  for (const partition of table.partitions)
    for (const physical of partition.physical)
      for (const tablets of physical.tablets.values())
        for (const tablet of tablets) count += Math.max(1, tablet.replicas.length)
  // The shadow partition has tablets too.
  const replicas = table.distribution.buckets * Number(table.properties.get('replication_num') ?? 1)
  return count + shadows(table) * replicas * table.indexes.length
}

/** 3.1 names them for plain range and list tables only. */
const partitionColumns = (context: LabSqlContext, table: LabTable): string | null => {
  const { kind, columns } = table.partitioning
  if (context.profile.version === '3.1' && (kind === 'none' || kind === 'expression-range')) return null
  return columns.join(', ')
}

/** Range tables of an expression are counted as one partition. */
const partitionNumber = (table: LabTable): string =>
  table.partitioning.kind === 'range' && table.partitioning.expression !== undefined
    ? '1'
    : String(table.partitions.filter((p) => !p.temporary).length + shadows(table))

/** Where a shared-data cluster keeps the table. */
const lakePath = (context: LabSqlContext, database: LabDatabase, object: LabObject): string | null => {
  if (context.state.runMode !== 'shared_data' || object.kind === 'view' || object.kind === 'external-table') return null
  const volume = context.state.storageVolumes.get(object.properties.get('storage_volume') ?? '')
  return `${volume?.location ?? ''}/${context.state.serviceId}/db${database.id}/${object.id}`
}

const showTables = (context: LabSqlContext, database: LabDatabase): LabResult =>
  byName(
    context,
    'tables',
    [...database.objects.values()].map((object) => {
      const table = object.kind === 'table' ? object : undefined
      return {
        TableId: String(object.id),
        TableName: object.name,
        IndexNum: table ? String(table.indexes.length) : object.kind === 'materialized-view' ? '1' : null,
        PartitionColumnName: table ? partitionColumns(context, table) : object.kind === 'materialized-view' ? '' : null,
        PartitionNum: table ? partitionNumber(table) : '1',
        State: table ? table.state : object.kind === 'materialized-view' ? 'NORMAL' : null,
        Type: objectType(context, object),
        LastConsistencyCheckTime: null,
        ReplicaCount: table ? String(replicaCount(table)) : '0',
        PartitionType: partitionType(object),
        StoragePath: lakePath(context, database, object),
      }
    }),
  )

const keysText = (table: LabTable, index: LabIndexMeta): string =>
  `${table.keysType}(${index.columns
    .filter((c) => c.key)
    .map((c) => c.name)
    .join(', ')})`

const showIndexSchema = (context: LabSqlContext, table: LabTable): LabResult => {
  const [base, ...others] = table.indexes
  const ordered = [...(base ? [base] : []), ...inHashOrder(others, (i) => i.id)]
  return byName(
    context,
    'index-schema',
    ordered.map((index) => ({
      IndexId: String(index.id),
      IndexName: index.name,
      SchemaVersion: String(index.schemaVersion),
      SchemaHash: String(index.schemaHash),
      ShortKeyColumnCount: String(index.shortKeyColumnCount),
      StorageType: table.properties.get('storage_type') === 'COLUMN_WITH_ROW' ? 'COLUMN_WITH_ROW' : 'COLUMN',
      Keys: keysText(table, index),
    })),
  )
}

const showIndexes = (context: LabSqlContext, table: LabTable, physical: LabPhysicalPartition): LabResult =>
  byName(
    context,
    'indexes',
    table.indexes
      .filter((index) => physical.tablets.has(index.id))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((index) => ({
        IndexId: String(index.id),
        IndexName: index.name,
        State: 'NORMAL',
        LastConsistencyCheckTime: null,
        TabletBalanceStat: '{"balanced":true}',
        Tablets: String(physical.tablets.get(index.id)?.length ?? 0),
      })),
  )

const showStatistic = (context: LabSqlContext): LabResult =>
  byName(
    context,
    'statistic',
    [...context.state.databases.values()].map((database) => {
      const tables = [...database.objects.values()].filter((o) => o.kind === 'table')
      const partitions = tables.flatMap((t) => t.partitions)
      const tablets = partitions.flatMap((p) => p.physical.flatMap((x) => [...x.tablets.values()].flat()))
      return {
        DbId: String(database.id),
        DbName: database.name,
        TableNum: String(tables.length),
        PartitionNum: String(partitions.length),
        IndexNum: String(tables.reduce((n, t) => n + t.indexes.length * t.partitions.length, 0)),
        TabletNum: String(tablets.length),
        ReplicaNum: String(tablets.reduce((n, t) => n + t.replicas.length, 0)),
        UnhealthyTabletNum: '0',
        InconsistentTabletNum: '0',
        CloningTabletNum: '0',
        ErrorStateTabletNum: '0',
      }
    }),
  )
