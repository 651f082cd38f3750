import { bytesPerRow, countRows, tableBytes } from '../data/index.ts'
import type { LabObject, LabPartition, LabPhysicalPartition, LabTable, LabValue } from '../model.ts'
import { rowsOfTable } from '../show/data-size.ts'
import { columnsOf, defaultCell } from '../show/describe.ts'
import { shortSize, timeText } from '../show/format.ts'
import { distributionKey, partitionValueText } from '../show/partitions.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import { describedType } from './data-type.ts'
import { LabSqlError } from './errors.ts'
import type { Expression } from './expression.ts'
import type { Rows } from './run-select.ts'
import { printedProperties } from './table-properties.ts'

type SystemRow = Record<string, LabValue>

/** Databases and objects that a WHERE clause leaves, by `TABLE_SCHEMA|DB_NAME = '…'` or `IN ('…', …)` joined by AND: the rest need not be built. */
const wanted = (where: Expression | undefined, names: readonly string[]): ReadonlySet<string> | undefined => {
  const isNamed = (e: Expression) => e.kind === 'column' && names.includes((e.path.at(-1) ?? '').toUpperCase())
  if (where?.kind === 'in') {
    if (where.not || !isNamed(where.arg)) return undefined
    const texts = where.list.flatMap((e) => (e.kind === 'string' ? [e.value] : []))
    return texts.length === where.list.length ? new Set(texts) : undefined
  }
  if (where?.kind !== 'binary') return undefined
  if (where.op === 'AND') return wanted(where.left, names) ?? wanted(where.right, names)
  if (where.op !== '=' || !isNamed(where.left) || where.right.kind !== 'string') return undefined
  return new Set([where.right.value])
}

function* objects(
  context: LabSqlContext,
  where: Expression | undefined,
): Generator<{ database: string; object: LabObject }> {
  const databases = wanted(where, ['TABLE_SCHEMA', 'DB_NAME'])
  const names = wanted(where, ['TABLE_NAME'])
  for (const database of context.state.databases.values()) {
    if (databases && !databases.has(database.name)) continue
    for (const object of database.objects.values()) {
      if (!names || names.has(object.name)) yield { database: database.name, object }
    }
  }
}

/** One row of partitions_meta, before any of its columns is computed. */
interface PartitionPlace {
  context: LabSqlContext
  lake: boolean
  database: string
  table: LabTable
  partition: LabPartition
  physical: LabPhysicalPartition
  rows?: number
}

const rowCount = (place: PartitionPlace): number => {
  place.rows ??= countRows(place.table, place.physical)
  return place.rows
}

const dataSize = (place: PartitionPlace): string => {
  const bytes = rowCount(place) * bytesPerRow + (place.physical.extraBytes ?? 0)
  return place.context.profile.atLeast('4.1') ? String(bytes) : shortSize(bytes)
}

const partitionReaders: Record<string, (place: PartitionPlace) => LabValue> = {
  DB_NAME: ({ database }) => database,
  TABLE_NAME: ({ table }) => table.name,
  PARTITION_NAME: ({ partition }) => partition.name,
  PARTITION_ID: ({ physical }) => physical.id,
  COMPACT_VERSION: ({ lake }) => (lake ? '0' : null),
  VISIBLE_VERSION: ({ physical }) => physical.visibleVersion,
  VISIBLE_VERSION_TIME: ({ context, physical }) => timeText(context, physical.visibleTimeMs),
  NEXT_VERSION: ({ physical }) => physical.committedVersion + 1n,
  DATA_VERSION: ({ physical }) => physical.dataVersion,
  VERSION_EPOCH: ({ physical }) => physical.versionEpoch,
  VERSION_TXN_TYPE: ({ physical }) => physical.versionTxnType,
  PARTITION_KEY: ({ table }) => table.partitioning.columns.join(', '),
  PARTITION_VALUE: ({ context, table, partition }) => partitionValueText(context, table, partition),
  DISTRIBUTION_KEY: ({ table }) => distributionKey(table),
  BUCKETS: ({ partition }) => partition.buckets,
  REPLICATION_NUM: ({ partition }) => partition.replicationNum,
  STORAGE_MEDIUM: ({ partition }) => partition.storageMedium,
  COOLDOWN_TIME: ({ partition }) => partition.cooldownTime,
  LAST_CONSISTENCY_CHECK_TIME: () => null,
  IS_IN_MEMORY: () => 0,
  IS_TEMP: ({ partition }) => (partition.temporary ? 1 : 0),
  DATA_SIZE: dataSize,
  ROW_COUNT: rowCount,
  ENABLE_DATACACHE: ({ lake }) => (lake ? 1 : 0),
  AVG_CS: () => 0,
  P50_CS: () => 0,
  MAX_CS: () => 0,
  STORAGE_PATH: () => '',
  STORAGE_SIZE: dataSize,
  TABLET_BALANCED: () => 1,
  METADATA_SWITCH_VERSION: () => 0,
}

/** Rows with these columns alone: clusters have hundreds of thousands of partitions, and few columns are asked for. */
const partitionsMeta = (
  context: LabSqlContext,
  where: Expression | undefined,
  columns: readonly string[],
): LabValue[][] => {
  const lake = context.state.runMode === 'shared_data'
  const readers = columns.map((name) => partitionReaders[name] ?? (() => null))
  const rows: LabValue[][] = []
  for (const { database, object } of objects(context, where)) {
    if (object.kind !== 'table') continue
    for (const partition of object.partitions) {
      for (const physical of partition.physical) {
        const place: PartitionPlace = { context, lake, database, table: object, partition, physical }
        rows.push(readers.map((read) => read(place)))
      }
    }
  }
  return rows
}

function* tables(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { database, object } of objects(context, where)) {
    const own = object.kind === 'table' ? object : undefined
    const rows = own ? rowsOfTable(own) : null
    yield {
      TABLE_CATALOG: 'def',
      TABLE_SCHEMA: database,
      TABLE_NAME: object.name,
      TABLE_TYPE: object.kind === 'view' || object.kind === 'materialized-view' ? 'VIEW' : 'BASE TABLE',
      ENGINE: own ? 'StarRocks' : object.kind === 'external-table' ? object.engine : '',
      ROW_FORMAT: '',
      TABLE_ROWS: rows,
      AVG_ROW_LENGTH: own ? bytesPerRow : null,
      DATA_LENGTH: own ? tableBytes(own) : null,
      CREATE_TIME: timeText(context, object.createdMs),
      TABLE_COLLATION: 'utf8_general_ci',
      TABLE_COMMENT: object.kind === 'external-table' ? '' : object.comment,
    }
  }
}

function* tablesConfig(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { database, object } of objects(context, where)) {
    if (object.kind !== 'table') continue
    const quote = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(', ')
    yield {
      TABLE_SCHEMA: database,
      TABLE_NAME: object.name,
      TABLE_ENGINE: context.state.runMode === 'shared_data' ? 'CLOUD_NATIVE' : 'OLAP',
      TABLE_MODEL: object.keysType,
      PRIMARY_KEY: quote(object.keyColumns),
      PARTITION_KEY: quote(object.partitioning.columns),
      DISTRIBUTE_KEY: quote(object.distribution.columns),
      DISTRIBUTE_TYPE: object.distribution.kind.toUpperCase(),
      DISTRIBUTE_BUCKET: object.distribution.buckets,
      SORT_KEY: quote(object.sortKey),
      PROPERTIES: JSON.stringify(Object.fromEntries(printedProperties(context.profile, object.properties))),
      TABLE_ID: object.id,
    }
  }
}

function* columns(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { database, object } of objects(context, where)) {
    for (const [i, column] of columnsOf(object).entries()) {
      const type = describedType(column.type)
      yield {
        TABLE_CATALOG: 'def',
        TABLE_SCHEMA: database,
        TABLE_NAME: object.name,
        COLUMN_NAME: column.name,
        ORDINAL_POSITION: i + 1,
        COLUMN_DEFAULT: defaultCell(column),
        IS_NULLABLE: column.nullable ? 'YES' : 'NO',
        DATA_TYPE: /^[a-z]+/.exec(type)?.[0] ?? type,
        CHARACTER_SET_NAME: 'utf8',
        COLLATION_NAME: 'utf8_general_ci',
        COLUMN_TYPE: type,
        COLUMN_KEY:
          column.key && object.kind === 'table'
            ? { DUP_KEYS: 'DUP', UNIQUE_KEYS: 'UNI', AGG_KEYS: 'AGG', PRIMARY_KEYS: 'PRI' }[object.keysType]
            : '',
        EXTRA: column.autoIncrement ? 'auto_increment' : '',
        COLUMN_COMMENT: column.comment,
        GENERATION_EXPRESSION: column.generated ?? '',
      }
    }
  }
}

function* views(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { database, object } of objects(context, where)) {
    if (object.kind !== 'view') continue
    yield {
      TABLE_CATALOG: 'def',
      TABLE_SCHEMA: database,
      TABLE_NAME: object.name,
      VIEW_DEFINITION: object.definition,
      CHECK_OPTION: 'NONE',
      IS_UPDATABLE: 'NO',
      SECURITY_TYPE: object.security,
      CHARACTER_SET_CLIENT: 'utf8',
      COLLATION_CONNECTION: 'utf8_general_ci',
    }
  }
}

function* materializedViews(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { database, object } of objects(context, where)) {
    if (object.kind !== 'materialized-view') continue
    yield {
      MATERIALIZED_VIEW_ID: object.id,
      TABLE_SCHEMA: database,
      TABLE_NAME: object.name,
      REFRESH_TYPE: /REFRESH (DEFERRED |IMMEDIATE )?MANUAL/.test(object.text) ? 'MANUAL' : 'ASYNC',
      IS_ACTIVE: String(object.active),
      INACTIVE_REASON: object.inactiveReason,
      TABLE_ROWS: '0',
      MATERIALIZED_VIEW_DEFINITION: object.text,
    }
  }
}

function* backendTablets(context: LabSqlContext, where: Expression | undefined): Generator<SystemRow> {
  for (const { object } of objects(context, where)) {
    if (object.kind !== 'table') continue
    for (const partition of object.partitions)
      for (const physical of partition.physical)
        for (const [indexId, tablets] of physical.tablets)
          for (const tablet of tablets)
            for (const replica of tablet.replicas)
              yield {
                BE_ID: replica.backendId,
                TABLE_ID: object.id,
                PARTITION_ID: physical.id,
                TABLET_ID: tablet.id,
                MAX_VERSION: replica.version,
                MIN_VERSION: replica.version,
                NUM_ROW: tablet.rows.length,
                DATA_SIZE: tablet.rows.length * bytesPerRow,
                STATE: 'RUNNING',
                SCHEMA_HASH: object.indexes.find((i) => i.id === indexId)?.schemaHash ?? 0,
                SHARD_ID: 0,
              }
  }
}

const generators: Record<string, (context: LabSqlContext, where: Expression | undefined) => Generator<SystemRow>> = {
  tables,
  tables_config: tablesConfig,
  columns,
  views,
  materialized_views: materializedViews,
  be_tablets: backendTablets,
}

/** Rows of an information_schema table; undefined for tables of users. With `mentioned` (in upper case) it has no other columns. */
export const systemTableRows = (
  context: LabSqlContext,
  session: LabSession,
  database: string,
  name: string,
  where: Expression | undefined,
  mentioned?: ReadonlySet<string>,
): Omit<Rows, 'qualifiers' | 'fromBackend'> | undefined => {
  void session
  if (database.toLowerCase() !== 'information_schema') return undefined
  const known = context.profile.informationSchema[name.toLowerCase()]
  if (!known) {
    throw new LabSqlError(
      5502,
      '42602',
      `Getting analyzing error. Detail message: Unknown table '${database}.${name}'.`,
      'analysis',
    )
  }
  const shown = known.map(([column, , , type]) => ({ name: column, type }))
  if (name.toLowerCase() === 'schemata') {
    const names = ['_statistics_', 'information_schema', 'sys', ...context.state.databases.keys()]
    return {
      columns: shown,
      rows: names.map((n) =>
        shown.map((c) => (c.name === 'SCHEMA_NAME' ? n : c.name === 'CATALOG_NAME' ? 'def' : null)),
      ),
    }
  }
  if (!context.backendsAnswer()) return { columns: shown, rows: [] }
  if (name.toLowerCase() === 'partitions_meta') {
    const asked = mentioned ? shown.filter((c) => mentioned.has(c.name.toUpperCase())) : shown
    const names = asked.map((c) => c.name)
    return { columns: asked, rows: partitionsMeta(context, where, names) }
  }
  const generate = generators[name.toLowerCase()]
  const rows: LabValue[][] = []
  for (const row of generate?.(context, where) ?? []) rows.push(shown.map((c) => row[c.name] ?? null))
  return { columns: shown, rows }
}
