import type { PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { SHADOW_PARTITION } from '../../planning/restore/table-parts.ts'
import { canonicalValues, DdlReadError, readPartitionRow, readTable, type Table } from '../../starrocks/ddl/index.ts'
import { listPartitions, type PartitionRow, StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

export interface Verified {
  partitions: number
  /** Partitions whose rows were counted and compared. */
  counted: number
  /** What is not as the record says. */
  problems: string[]
}

/** Live names can be written to as soon as they are there. */
export type VerifyWhere = 'aside' | 'live'

/**
 * Compares what was restored with the record: the same partitions, with the same values, bucket numbers and versions, and as many rows as were counted.
 * Nothing is compared that the record does not tell. What others did meanwhile to a table with a live name is no difference, but told.
 */
export async function verifyTable(
  context: RestoreContext,
  planned: PlannedTable,
  where: VerifyWhere,
  { count = context.spec.verify === 'counts' }: { count?: boolean } = {},
): Promise<Verified> {
  const { cluster, signal } = context
  const { database, as, table } = planned
  let rows: PartitionRow[]
  try {
    rows = await listPartitions(cluster, database, as, { signal })
  } catch (error) {
    if (error instanceof StarRocksError && error.kind === 'NotFound') {
      return { partitions: 0, counted: 0, problems: [`${database}.${as} is not there`] }
    }
    throw error
  }
  const wanted = wantedPartitions(planned)
  const { problems, notes, moved } = comparePartitionRows(planned, wanted, rows, where)
  for (const note of notes) context.warn(note)
  const counts = new Map(
    [...wanted].flatMap(([name, partition]) => (partition.rows === undefined ? [] : [[name, partition.rows]])),
  )
  if (!count || problems.length > 0 || counts.size === 0) {
    return { partitions: wanted.size, counted: 0, problems }
  }
  const live = table.partitioning === 'none' ? new Map([[as, [...counts.values()][0] ?? '0']]) : counts
  const parts = [...live.keys()].map((name) => ({ name, bytes: wanted.get(name)?.bytes }))
  const actual = await context.counter.count({
    database,
    table: as,
    parts,
    partitioned: table.partitioning !== 'none',
  })
  const others = [...live].filter(([name, rowsWanted]) => (actual.get(name) ?? rowsWanted) !== rowsWanted)
  // Rows may have come between the two looks; then the version has moved. Without that they are other rows than those of the backup.
  if (where === 'live' && others.length > 0) {
    const now = await listPartitions(cluster, database, as, { signal })
    for (const name of comparePartitionRows(planned, wanted, now, where).moved) moved.add(name)
  }
  for (const [name, rowsWanted] of others) {
    const text = `${database}.${as} partition ${name} has ${actual.get(name)} rows, the backup had ${rowsWanted}`
    if (moved.has(name)) context.warn(`${text}: it was written to meanwhile`)
    else problems.push(text)
  }
  return { partitions: wanted.size, counted: actual.size, problems }
}

/** Partitions that must be there, by their present names: the only one of an unpartitioned table has the table's. */
export function wantedPartitions({
  table,
  only,
  as,
}: Pick<PlannedTable, 'table' | 'only' | 'as'>): Map<string, PartitionRecord> {
  const chosen = only && new Set(only)
  const all = Object.entries(table.partitions).filter(([name]) => name !== SHADOW_PARTITION)
  // A snapshot without a record calls every table unpartitioned.
  if (table.partitioning === 'none' && all.length === 1) return new Map(all.map(([, one]) => [as, one]))
  return new Map(all.filter(([name]) => !chosen || chosen.has(name)))
}

export interface PartitionDifferences {
  /** What is not as the record says. */
  problems: string[]
  /** What others did meanwhile. */
  notes: string[]
  /** Partitions that were written to meanwhile. */
  moved: Set<string>
}

export function comparePartitionRows(
  planned: Pick<PlannedTable, 'table' | 'only' | 'as' | 'database' | 'route'>,
  wanted: ReadonlyMap<string, PartitionRecord>,
  rows: readonly PartitionRow[],
  where: VerifyWhere,
): PartitionDifferences {
  const { database, as, table } = planned
  const problems: string[] = []
  const moved = new Set<string>()
  const model = modelOf(table)
  const live = new Map<string, PartitionRow[]>()
  for (const row of rows) live.set(row.name, [...(live.get(row.name) ?? []), row])
  // The record of a snapshot without one calls every table unpartitioned.
  const single = table.partitioning === 'none' && wanted.size === 1 && live.size === 1
  for (const [name, partition] of wanted) {
    const found = live.get(name) ?? (single ? rows : undefined)
    if (!found || found.length === 0) {
      problems.push(`${database}.${as} lacks partition ${name}`)
      continue
    }
    live.delete(name)
    if (where === 'live' && isLater(partition, found)) moved.add(name)
    const what = `${database}.${as} partition ${name}`
    problems.push(...differences(what, partition, found, model, moved.has(name)))
  }
  const notes = moved.size > 0 ? [`${database}.${as} was written to meanwhile: ${brief([...moved])}`] : []
  const partial = planned.only !== undefined
  if (!single && !partial && live.size > 0) {
    const text = `${database}.${as} has partitions that the backup had not: ${brief([...live.keys()])}`
    if (where === 'live') notes.push(`${text}; they were made meanwhile, and stay`)
    else problems.push(text)
  }
  return { problems, notes, moved }
}

const brief = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`

function isLater({ physical }: PartitionRecord, rows: readonly PartitionRow[]): boolean {
  if (physical.length === 0 || rows.length < physical.length) return false
  const wanted = sum(physical.map(([, version]) => BigInt(version)))
  return sum(rows.map(({ visibleVersion }) => visibleVersion)) > wanted
}

function differences(
  what: string,
  partition: PartitionRecord,
  rows: readonly PartitionRow[],
  model: Table | undefined,
  later: boolean,
): string[] {
  const problems: string[] = []
  const [row] = rows
  if (!row) return problems
  if (partition.value !== undefined && model) {
    const wanted = valuesText(model, partition.value, row)
    const found = valuesText(model, row.rangeText ?? row.listText ?? '', row)
    if (wanted !== found) problems.push(`${what} has the values ${found} instead of ${wanted}`)
  }
  if (partition.buckets !== undefined && partition.buckets !== row.buckets) {
    problems.push(`${what} has ${row.buckets} buckets instead of ${partition.buckets}`)
  }
  if (partition.physical.length > 0) {
    const wanted = versions(partition.physical.map(([, version]) => BigInt(version)))
    const found = versions(rows.map(({ visibleVersion }) => visibleVersion))
    if (!later && wanted.join() !== found.join()) {
      problems.push(`${what} is at version ${found.join(', ')} instead of ${wanted.join(', ')}`)
    }
  }
  return problems
}

const versions = (all: bigint[]) => all.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
const sum = (all: readonly bigint[]) => all.reduce((total, one) => total + one, 0n)

/** One text for equal values, whichever version printed them. */
function valuesText(model: Table, text: string, row: PartitionRow): string {
  const isList = model.partitioning.kind === 'list' || model.partitioning.kind === 'automatic-list'
  try {
    const shape = readPartitionRow(model, {
      PartitionName: row.name,
      Buckets: String(row.buckets),
      [isList ? 'List' : 'Range']: text,
    })
    return canonicalValues(shape.values)
  } catch (error) {
    if (error instanceof DdlReadError) return text
    throw error
  }
}

export function modelOf(table: Pick<TableRecord, 'ddl'>): Table | undefined {
  if (table.ddl === '') return undefined
  try {
    return readTable(table.ddl)
  } catch (error) {
    if (error instanceof DdlReadError) return undefined
    throw error
  }
}
