import { parseDataSize } from '../data-size.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName, quoteString } from '../quote.ts'
import { optionalWholeNumber, type Row, wholeNumber } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import { readTxnType, shadowPartition, type TxnType } from './partitions.ts'
import { batchesOf, type Queryable } from './queryable.ts'

/** A physical partition as information_schema.partitions_meta tells it; temporary ones included. */
export interface PartitionMeta {
  database: string
  table: string
  name: string
  id: bigint
  visibleVersion: bigint
  /** As printed: to compare, not to compute with. */
  visibleVersionTime?: string
  dataVersion?: bigint
  versionEpoch?: bigint
  txnType?: TxnType
  temporary: boolean
  /** Logical number of buckets. */
  buckets: number
  dataSizeBytes: bigint
  rowCount: bigint
}

export interface PartitionsMetaOptions extends StatementOptions {
  /** Only these databases. */
  databases?: readonly string[]
  /** Set to false when the cluster may really hold no table at all. */
  expectRows?: boolean
  /** Columns that nobody asks for: they read as on a version that does not have them. */
  without?: readonly OptionalColumn[]
}

const wanted = [
  'DB_NAME',
  'TABLE_NAME',
  'PARTITION_NAME',
  'PARTITION_ID',
  'VISIBLE_VERSION',
  'VISIBLE_VERSION_TIME',
  'DATA_VERSION',
  'VERSION_EPOCH',
  'VERSION_TXN_TYPE',
  'IS_TEMP',
  'BUCKETS',
  'DATA_SIZE',
  'ROW_COUNT',
] as const

type Column = (typeof wanted)[number]
type OptionalColumn = Exclude<
  Column,
  'DB_NAME' | 'TABLE_NAME' | 'PARTITION_NAME' | 'PARTITION_ID' | 'VISIBLE_VERSION' | 'IS_TEMP'
>

/** `partitionsMetaBatches`, one partition at a time. */
export async function* partitionsMeta(
  cluster: Queryable,
  options?: PartitionsMetaOptions,
): AsyncGenerator<PartitionMeta> {
  for await (const batch of partitionsMetaBatches(cluster, options)) yield* batch
}

/**
 * The versions of all partitions of the cluster with one statement, streamed: as many at a time as have come in. A backend computes it.
 *
 * Errors: `BackendCannotAnswer` when no backend can, and when the answer has no rows although there must be some: backends that are
 * only half there answer like that. `Unsupported` before 3.1. Then use `partitionsOfTables`.
 */
export async function* partitionsMetaBatches(
  cluster: Queryable,
  { databases, expectRows = true, without = [], ...options }: PartitionsMetaOptions = {},
): AsyncGenerator<PartitionMeta[]> {
  const left: readonly string[] = without
  const columns = (await knownColumns(cluster, options)).filter((name) => !left.includes(name))
  const where = databases ? ` WHERE DB_NAME IN (${databases.map(quoteString).join(', ') || quoteString('')})` : ''
  const sql = `SELECT ${columns.map(quoteName).join(', ')} FROM information_schema.partitions_meta${where}`
  let count = 0
  let read: ((row: Row) => PartitionMeta) | undefined
  try {
    for await (const rows of batchesOf(cluster, sql, options)) {
      count += rows.length
      const partitions: PartitionMeta[] = []
      for (const row of rows) {
        if (row.get('PARTITION_NAME') === shadowPartition) continue
        read ??= partitionReader(row)
        partitions.push(read(row))
      }
      if (partitions.length > 0) yield partitions
    }
  } catch (error) {
    // The frontends may have another version by now.
    available.delete(cluster)
    throw error
  }
  if (count === 0 && expectRows && databases?.length !== 0) {
    throw new StarRocksError({
      kind: 'BackendCannotAnswer',
      detail: 'information_schema.partitions_meta answered without a row',
      remedy: 'The partitions are read table by table instead',
    })
  }
}

/** Reads all rows of the answer that this one is of: there may be hundreds of thousands, so where columns stand is found once. */
function partitionReader(first: Row): (row: Row) => PartitionMeta {
  // There is no cell beyond the last: a column that is missing reads as NULL.
  const at = (name: Column) => first.placeOf(name) ?? first.columns.length
  const [database, table, name, id] = [at('DB_NAME'), at('TABLE_NAME'), at('PARTITION_NAME'), at('PARTITION_ID')]
  const [visible, visibleTime, data] = [at('VISIBLE_VERSION'), at('VISIBLE_VERSION_TIME'), at('DATA_VERSION')]
  const [epoch, txnType, temporary] = [at('VERSION_EPOCH'), at('VERSION_TXN_TYPE'), at('IS_TEMP')]
  const [buckets, size, rowCount] = [at('BUCKETS'), at('DATA_SIZE'), at('ROW_COUNT')]
  return (row) => {
    const { cells } = row
    const visibleText = cells[visible] ?? row.required('VISIBLE_VERSION')
    const visibleVersion = wholeNumber('VISIBLE_VERSION', visibleText)
    const dataText = cells[data]
    return {
      database: cells[database] ?? row.required('DB_NAME'),
      table: cells[table] ?? row.required('TABLE_NAME'),
      name: cells[name] ?? row.required('PARTITION_NAME'),
      id: wholeNumber('PARTITION_ID', cells[id] ?? row.required('PARTITION_ID')),
      visibleVersion,
      visibleVersionTime: cells[visibleTime] ?? undefined,
      // Where nothing is compacted they are always the same.
      dataVersion: dataText === visibleText ? visibleVersion : optionalWholeNumber('DATA_VERSION', dataText),
      versionEpoch: optionalWholeNumber('VERSION_EPOCH', cells[epoch]),
      txnType: readTxnType(cells[txnType] ?? null),
      temporary: cells[temporary] !== '0' && row.flag('IS_TEMP'),
      buckets: (cells[buckets] === undefined ? undefined : row.optionalInt('BUCKETS')) ?? 0,
      dataSizeBytes: parseDataSize(cells[size]) ?? 0n,
      rowCount: optionalWholeNumber('ROW_COUNT', cells[rowCount]) ?? 0n,
    }
  }
}

/** A version that is upgraded has more of them. */
const COLUMNS_MS = 600_000
const available = new WeakMap<Queryable, { at: number; columns: string[] }>()

/** Looks come every few seconds: the columns are asked for now and then. */
async function knownColumns(cluster: Queryable, options?: StatementOptions): Promise<string[]> {
  const known = available.get(cluster)
  if (known && performance.now() - known.at < COLUMNS_MS) return known.columns
  const columns = await availableColumns(cluster, options)
  available.set(cluster, { at: performance.now(), columns })
  return columns
}

/** Which of the columns this version has. DESC is answered by the frontend alone. */
export async function availableColumns(cluster: Queryable, options?: StatementOptions): Promise<string[]> {
  const { rows } = await cluster.query('DESC information_schema.partitions_meta', options).catch((error: unknown) => {
    if (error instanceof StarRocksError && error.kind === 'NotFound') {
      throw new StarRocksError({
        kind: 'Unsupported',
        detail: 'This version has no information_schema.partitions_meta',
      })
    }
    throw error
  })
  const present = new Set(rows.map((row) => (row.get('Field') ?? '').toUpperCase()))
  return wanted.filter((name) => present.has(name))
}
