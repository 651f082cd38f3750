import type { Bound, ListValue, Partitioning, PartitionValues, Table } from './model.ts'
import { meaningByType, type NullMeaning, printedNulls } from './null-list.ts'
import { timeAfter, timeOf } from './partition-time.ts'
import { quoteName, quoteProperties, quoteQualified, quoteString } from './quote.ts'
import type { SourcePartition } from './source-partition.ts'
import type { ObjectName, Placement, TargetCluster } from './target.ts'
import { atLeast } from './version.ts'
import { writeDistribution } from './write-column.ts'

/** How a partition of the source is made on the target. */
export type PartitionVerdict =
  | { readonly how: 'sql'; readonly statement: string }
  /**
   * By the frontend's createPartition call, `value` being one value of the partition. It gives the table's own bucket number, so
   * `rebucket` follows where the partition has another (done when SHOW ALTER TABLE OPTIMIZE says FINISHED).
   */
  | { readonly how: 'create-partition-rpc'; readonly value: string; readonly rebucket?: string }
  | { readonly how: 'ask'; readonly reason: string }
  | { readonly how: 'refuse'; readonly reason: string }

export interface PlannedPartition {
  readonly partition: SourcePartition
  readonly verdict: PartitionVerdict
}

export interface WritePartitionsOptions {
  readonly target: TargetCluster
  /** The target's name of the table. */
  readonly name: ObjectName
  readonly placement?: Placement
  /** Bucket number of the target's table, as CREATE TABLE was written; undefined when the target chooses. */
  readonly tableBuckets?: number
  /** Meanings of printed NULLs, from EXPLAIN or the operator, by partition name, tuple and column (see nullKey). */
  readonly nulls?: ReadonlyMap<string, NullMeaning>
}

/** The key of an answer about a printed NULL. */
export function nullKey(partition: string, tuple: number, column: number): string {
  return JSON.stringify([partition, tuple, column])
}

/**
 * Decides how each partition of the source is made, in the order in which the statements must run: an all-NULL tuple before others that
 * hold NULLs, an open end of several columns last. Temporary partitions are not the source's data and must not be given.
 */
export function writePartitions(
  table: Table,
  partitions: readonly SourcePartition[],
  options: WritePartitionsOptions,
): PlannedPartition[] {
  const ordered = [...partitions].sort((a, b) => rank(a) - rank(b))
  return ordered.map((partition) => ({ partition, verdict: verdictFor(table, partition, partitions, options) }))
}

function rank(partition: SourcePartition): number {
  const { values } = partition
  if (values?.kind === 'list')
    return values.tuples.some((tuple) => tuple.every((value) => value === 'NULL' || value === null)) ? 0 : 1
  return values?.kind === 'range' && isOpen(values.upper) ? 2 : 1
}

function isOpen(bounds: readonly Bound[]): boolean {
  return bounds.some((bound) => bound.kind === 'max')
}

function verdictFor(
  table: Table,
  partition: SourcePartition,
  all: readonly SourcePartition[],
  options: WritePartitionsOptions,
): PartitionVerdict {
  const { values } = partition
  if (!values) return refuse('a table without partitioning gets its partition with CREATE TABLE')
  const named = checkName(partition.name, table.partitioning, all, options)
  if (named) return named
  switch (table.partitioning.kind) {
    case 'range':
    case 'range-function':
      return values.kind === 'range'
        ? rangeVerdict(table, partition, values, all, options)
        : refuse('its values are no range')
    case 'automatic-range':
      return values.kind === 'range'
        ? automaticRangeVerdict(table, partition, values, options)
        : refuse('its values are no range')
    default:
      return values.kind === 'list' ? listVerdict(table, partition, values, options) : refuse('its values are no list')
  }
}

function refuse(reason: string): PartitionVerdict {
  return { how: 'refuse', reason }
}

function checkName(
  name: string,
  partitioning: Partitioning,
  all: readonly SourcePartition[],
  options: WritePartitionsOptions,
): PartitionVerdict | undefined {
  if (partitioning.kind === 'automatic-range') return undefined
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return refuse(`no frontend takes the partition name ${name} in a statement`)
  if (!atLeast(options.target.version, 3, 5)) return undefined
  const twin = all.find((other) => other.name !== name && other.name.toLowerCase() === name.toLowerCase())
  if (!twin) return undefined
  return refuse(
    `partitions ${name} and ${twin.name} differ in case only, which the target refuses; rename one on the source`,
  )
}

function rangeVerdict(
  table: Table,
  partition: SourcePartition,
  values: Extract<PartitionValues, { kind: 'range' }>,
  all: readonly SourcePartition[],
  options: WritePartitionsOptions,
): PartitionVerdict {
  const lower = values.lower.map(writeBound).join(', ')
  if (isOpen(values.lower)) return refuse('its lower end is open in one column, which no statement can say')
  if (!isOpen(values.upper))
    return add(table, partition, `VALUES [(${lower}), (${values.upper.map(writeBound).join(', ')}))`, options)
  if (values.upper.length === 1) return add(table, partition, `VALUES [(${lower}), (MAXVALUE))`, options)
  // Several columns: (MAXVALUE, MAXVALUE) is refused, and LESS THAN MAXVALUE begins where the partition below ends.
  if (!values.upper.every((bound) => bound.kind === 'max')) return refuse('its upper end is open in some columns only')
  const touches = all.some(
    (other) =>
      other.values?.kind === 'range' &&
      !isOpen(other.values.upper) &&
      boundsText(other.values.upper) === boundsText(values.lower),
  )
  if (!touches)
    return refuse('its upper end is open in several columns, and there is a gap below it, which no statement can leave')
  return add(table, partition, 'VALUES LESS THAN MAXVALUE', options)
}

function boundsText(bounds: readonly Bound[]): string {
  return JSON.stringify(bounds)
}

function writeBound(bound: Bound): string {
  return bound.kind === 'max' ? 'MAXVALUE' : quoteString(bound.text)
}

function add(
  table: Table,
  partition: SourcePartition,
  values: string,
  options: WritePartitionsOptions,
): PartitionVerdict {
  const { name } = options
  const parts = [
    `ALTER TABLE ${quoteQualified(name.database, name.name)} ADD PARTITION ${quoteName(partition.name)} ${values}`,
  ]
  const properties = partitionProperties(table, partition, options)
  if (properties.length > 0) parts.push(quoteProperties(properties))
  if (table.distribution) parts.push(writeDistribution(table.distribution, partition.buckets))
  return { how: 'sql', statement: parts.join(' ') }
}

function partitionProperties(
  table: Table,
  partition: SourcePartition,
  options: WritePartitionsOptions,
): [string, string][] {
  const own = partition.replicationNum
  if (own === undefined || options.placement?.replicationNum !== undefined) return []
  const usual = table.properties.replication_num
  return usual === undefined || usual === String(own) ? [] : [['replication_num', String(own)]]
}

function listVerdict(
  table: Table,
  partition: SourcePartition,
  values: Extract<PartitionValues, { kind: 'list' }>,
  options: WritePartitionsOptions,
): PartitionVerdict {
  const automatic = table.partitioning.kind === 'automatic-list'
  if (automatic && values.tuples.length !== 1)
    return refuse('a partition of an automatic table holds one value; this one shows several')
  const open = printedNulls(table, partition).filter(
    ({ tuple, column }) => !options.nulls?.has(nullKey(partition.name, tuple, column)),
  )
  if (open.length > 0) {
    return { how: 'ask', reason: `partition ${partition.name} shows NULL, which is either NULL or the string 'NULL'` }
  }
  const tuples = values.tuples.map((tuple, at) =>
    tuple.map((value, column) => writeListValue(table, partition, value, at, column, options)),
  )
  const hasNull = tuples.some((tuple) => tuple.includes('NULL'))
  if (hasNull && !atLeast(options.target.version, 3, 3)) return refuse('the target takes no NULL in list partitions')
  const single = tuples.every((tuple) => tuple.length === 1) && !(automatic && !hasNull)
  const texts = tuples.map((tuple) => (single ? (tuple[0] ?? '') : `(${tuple.join(', ')})`))
  return add(table, partition, `VALUES IN (${texts.join(', ')})`, options)
}

function writeListValue(
  table: Table,
  partition: SourcePartition,
  value: ListValue,
  tuple: number,
  column: number,
  options: WritePartitionsOptions,
): string {
  if (value === null) return 'NULL'
  if (value !== 'NULL') return quoteString(value)
  const meaning = meaningByType(table, column) ?? options.nulls?.get(nullKey(partition.name, tuple, column))
  return meaning === 'null' ? 'NULL' : quoteString(value)
}

/** Units that ADD PARTITIONS … EVERY makes exactly. */
const batchUnits: ReadonlySet<string> = new Set(['hour', 'day', 'month', 'year'])

function automaticRangeVerdict(
  table: Table,
  partition: SourcePartition,
  values: Extract<PartitionValues, { kind: 'range' }>,
  options: WritePartitionsOptions,
): PartitionVerdict {
  if (table.partitioning.kind !== 'automatic-range') return refuse('the table is not partitioned by an expression')
  const [lower] = values.lower
  const [upper] = values.upper
  if (lower?.kind !== 'value' || upper?.kind !== 'value')
    return refuse('its range has an open end, which no automatic table has')
  const { unit, step, function: called } = table.partitioning
  // EVERY from year 0 is accepted and makes year 1: the NULL partition is made by the frontend alone.
  const isNullPartition = lower.text.startsWith('0000-')
  const [end, wanted] = [timeOf(upper.text), timeAfter(lower.text, step, unit)]
  if (!isNullPartition && end !== undefined && wanted !== undefined && end !== wanted) {
    const own = step === 1 ? `one ${unit}` : `${step} ${unit}s`
    return refuse(
      `it reaches from ${lower.text} to ${upper.text} in a table by ${own}: no statement makes one that was merged`,
    )
  }
  const byStatement = called === 'date_trunc' && step === 1 && batchUnits.has(unit) && !isNullPartition
  if (!byStatement) return byCall(table, partition, isNullPartition ? 'NULL' : lower.text, options)
  const { name } = options
  const range = `START (${quoteString(midnight(lower.text, unit))}) END (${quoteString(midnight(upper.text, unit))}) EVERY (INTERVAL 1 ${unit.toUpperCase()})`
  const parts = [`ALTER TABLE ${quoteQualified(name.database, name.name)} ADD PARTITIONS ${range}`]
  const properties = partitionProperties(table, partition, options)
  if (properties.length > 0) parts.push(quoteProperties(properties))
  if (table.distribution) parts.push(writeDistribution(table.distribution, partition.buckets))
  return { how: 'sql', statement: parts.join(' ') }
}

// Days and longer units are given as dates, which both DATE and DATETIME columns take.
function midnight(text: string, unit: string): string {
  return unit === 'hour' ? text : text.replace(/ 00:00:00$/, '')
}

// createPartition gives every partition the table's bucket number.
function byCall(
  table: Table,
  partition: SourcePartition,
  value: string,
  options: WritePartitionsOptions,
): PartitionVerdict {
  if (options.tableBuckets === partition.buckets || !table.distribution) return { how: 'create-partition-rpc', value }
  const { name, target } = options
  const known = atLeast(target.version, 3, 5) && !atLeast(target.version, 4, 0)
  if (!known) {
    const own = options.tableBuckets === undefined ? 'a number that the target chooses' : `${options.tableBuckets}`
    return refuse(
      `it has ${partition.buckets} buckets; only the table's own bucket number (${own}) can be had for this kind of partition`,
    )
  }
  const rebucket = `ALTER TABLE ${quoteQualified(name.database, name.name)} PARTITION (${quoteName(partition.name)}) ${writeDistribution(table.distribution, partition.buckets)}`
  return { how: 'create-partition-rpc', value, rebucket }
}
