import { joinTableName } from '../../contract/index.ts'
import {
  partitionsOfTables,
  quoteName,
  quoteString,
  type Row,
  StarRocksError,
  shadowPartition,
} from '../../starrocks/index.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Side } from './pair.ts'
import { TextDigest } from './text-digest.ts'

const columns = ['DB_NAME', 'TABLE_NAME', 'PARTITION_NAME', 'PARTITION_VALUE', 'BUCKETS', 'IS_TEMP']

/** Of all partitions of a table. */
export interface PartitionDigest {
  text: string
  /** Some value of a list may be NULL, or the string. */
  printsNull: boolean
}

interface Draft {
  digest: TextDigest
  printsNull: boolean
}

/**
 * Names, values and bucket numbers of all partitions, as one digest a table: enough to see that two tables have the same partitions without
 * holding millions of them. Equal partitions may have different digests where versions print hard values differently, never the other way round.
 *
 * One streamed statement a cluster; SHOW PARTITIONS of each table where backends cannot answer, or where there is no such view.
 */
export async function readPartitionDigests(
  side: Side,
  tables: ReadonlyMap<string, InventoryEntry>,
  signal?: AbortSignal,
): Promise<Map<string, PartitionDigest>> {
  if (tables.size === 0) return new Map()
  try {
    return await fromView(side, tables, signal)
  } catch (error) {
    if (!isForFallback(error)) throw error
    return fromStatements(side, tables, signal)
  }
}

const isForFallback = (error: unknown) =>
  error instanceof StarRocksError && !['Unreachable', 'NotLeader', 'Denied'].includes(error.kind)

async function fromView(
  side: Side,
  tables: ReadonlyMap<string, InventoryEntry>,
  signal: AbortSignal | undefined,
): Promise<Map<string, PartitionDigest>> {
  const databases = [...new Set([...tables.values()].map((entry) => entry.database))]
  const sql =
    `SELECT ${columns.map(quoteName).join(', ')} FROM information_schema.partitions_meta ` +
    `WHERE DB_NAME IN (${databases.map(quoteString).join(', ')})`
  const digests = new Map<string, Draft>()
  let count = 0
  for await (const row of side.cluster.stream(sql, { signal })) {
    count++
    addRow(digests, tables, row)
  }
  // Backends that are only half there answer without rows.
  const expected = [...tables.values()].reduce((sum, entry) => sum + entry.partitionCount, 0)
  if (count === 0 && expected > 0) {
    throw new StarRocksError({ kind: 'BackendCannotAnswer', detail: 'information_schema.partitions_meta has no rows' })
  }
  return finish(digests)
}

function addRow(digests: Map<string, Draft>, tables: ReadonlyMap<string, InventoryEntry>, row: Row): void {
  const table = row.required('TABLE_NAME')
  const full = joinTableName(row.required('DB_NAME'), table)
  if (!tables.has(full) || row.flag('IS_TEMP')) return
  add(digests, full, table, row.required('PARTITION_NAME'), row.get('PARTITION_VALUE') ?? '', row.get('BUCKETS') ?? '')
}

async function fromStatements(
  side: Side,
  tables: ReadonlyMap<string, InventoryEntry>,
  signal: AbortSignal | undefined,
): Promise<Map<string, PartitionDigest>> {
  const names = [...tables.values()].map(({ database, name }) => ({ database, table: name }))
  const digests = new Map<string, Draft>()
  for await (const { table, partitions } of partitionsOfTables(side.cluster, names, { signal })) {
    const full = joinTableName(table.database, table.table)
    for (const row of partitions ?? []) {
      add(digests, full, table.table, row.name, row.rangeText ?? row.listText ?? '', String(row.buckets))
    }
  }
  return finish(digests)
}

function add(digests: Map<string, Draft>, full: string, table: string, name: string, values: string, buckets: string) {
  if (name === shadowPartition) return
  let draft = digests.get(full)
  if (!draft) {
    draft = { digest: new TextDigest(), printsNull: false }
    digests.set(full, draft)
  }
  if (values.includes('NULL') && !values.startsWith('[types:')) draft.printsNull = true
  // The only partition of an unpartitioned table is called like the table, which may be renamed on the target.
  const neutral = values === '' && name === table ? '' : name
  draft.digest.add(`${neutral}\0${neutralValues(values)}\0${buckets}`)
}

/** Values without what versions print differently: the types of ranges, JSON against quoted lists. */
export function neutralValues(text: string): string {
  if (text.startsWith('[types:')) return text.replace(/types: \[[^\]]*\]; /g, '')
  if (text.startsWith('[')) {
    try {
      return (JSON.parse(text) as unknown[]).flat().join('\u0001')
    } catch {
      return text
    }
  }
  const quoted = /^\(\(?'(.*)'\)?\)$/s.exec(text)
  return quoted?.[1] === undefined ? text : quoted[1].split(/'\), \('|', '/).join('\u0001')
}

const finish = (drafts: Map<string, Draft>) =>
  new Map([...drafts].map(([table, { digest, printsNull }]) => [table, { text: digest.toString(), printsNull }]))
