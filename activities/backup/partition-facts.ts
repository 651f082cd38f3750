import { sortedPhysical } from '../../planning/backup/changes.ts'
import type { PartitionState } from '../../planning/backup/database-state.ts'
import type { FilteredPartition } from '../../planning/backup/partition-filter.ts'
import { nullKey, printedNulls, type SourcePartition, type Table } from '../../starrocks/ddl/index.ts'
import type { PartitionRow } from '../../starrocks/index.ts'
import { askNulls } from '../metadata/ask-nulls.ts'
import type { Side } from '../metadata/pair.ts'
import type { TableFacts, TablePartition } from '../metadata/read-table.ts'

/** Partitions as SHOW PARTITIONS tells them; physical ones of one name together. */
export function partitionStates(rows: readonly PartitionRow[]): Map<string, PartitionState> {
  const states = new Map<string, PartitionState>()
  for (const [name, same] of byName(rows)) {
    const [first] = same
    if (!first) continue
    const state: PartitionState = {
      physical: sortedPhysical(same.map(({ id, visibleVersion }) => [id, visibleVersion])),
      time: timesOf('s', same),
      bytes: Number(same.reduce((sum, { dataSizeBytes }) => sum + dataSizeBytes, 0n)),
      buckets: first.buckets,
    }
    const value = first.rangeText ?? first.listText
    if (value !== undefined) state.value = value
    if (first.replicationNum !== undefined) state.replication = first.replicationNum
    if (first.storageMedium) state.medium = first.storageMedium
    states.set(name, state)
  }
  return states
}

/** When the physical partitions' versions became visible, in the order of their ids. `source`: times of different origin are not compared. */
export function timesOf(source: 's' | 'm', rows: readonly { id: bigint; visibleVersionTime?: string }[]) {
  const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (sorted.some(({ visibleVersionTime }) => !visibleVersionTime)) return undefined
  return `${source} ${sorted.map(({ visibleVersionTime }) => visibleVersionTime).join(', ')}`
}

export function byName<T extends { name: string }>(rows: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const same = groups.get(row.name)
    if (same) same.push(row)
    else groups.set(row.name, [row])
  }
  return groups
}

/** The first column's bounds, for filters. */
export function boundsOf(partitions: readonly TablePartition[]): FilteredPartition[] {
  return partitions.map(({ shape }) => {
    const { name, values } = shape
    if (values?.kind !== 'range') return { name }
    const [lower, upper] = [values.lower[0], values.upper[0]]
    return {
      name,
      lower: lower?.kind === 'value' ? lower.text : 'MAXVALUE',
      upper: upper?.kind === 'value' ? upper.text : 'max',
    }
  })
}

/**
 * Values of list partitions where the printed ones do not tell NULL from the string: tuples with null. Those that nobody can tell are left as
 * printed.
 */
export async function listValues(
  side: Side,
  entry: TableFacts['entry'],
  model: Table,
  partitions: readonly TablePartition[],
  signal?: AbortSignal,
): Promise<Map<string, (string | null)[][]>> {
  const doubtful = partitions.filter(({ shape }) => printedNulls(model, shape).length > 0)
  const values = new Map<string, (string | null)[][]>()
  if (doubtful.length === 0) return values
  const facts: TableFacts = { entry, text: '', model, partitions: [...partitions], indexes: [], definitions: [] }
  const meanings = await askNulls(side, facts, signal)
  for (const { shape } of doubtful) {
    const tuples = withNulls(model, shape, meanings)
    if (tuples) values.set(shape.name, tuples)
  }
  return values
}

function withNulls(model: Table, shape: SourcePartition, meanings: Awaited<ReturnType<typeof askNulls>>) {
  if (shape.values?.kind !== 'list') return undefined
  const tuples = shape.values.tuples.map((tuple) => [...tuple])
  for (const { tuple, column } of printedNulls(model, shape)) {
    const meaning = meanings.get(nullKey(shape.name, tuple, column))
    if (meaning === undefined) return undefined
    const row = tuples[tuple]
    if (row && meaning === 'null') row[column] = null
  }
  return tuples
}
