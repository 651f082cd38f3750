import { type DroppedProperty, decideProperties } from './decide-properties.ts'
import type { Partitioning, PartitionTerm, Properties, Table } from './model.ts'
import { quoteName, quoteProperties, quoteQualified, quoteString } from './quote.ts'
import { type Rollup, writeRollupClause } from './rollups.ts'
import { quoteColumns } from './sql-tokens.ts'
import { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
import { atLeast, type DdlVersion, type RunMode } from './version.ts'
import { writeColumn, writeDistribution, writeIndex, writeNames } from './write-column.ts'

export interface WriteTableOptions {
  readonly target: TargetCluster
  /** The source's name of the table. */
  readonly source: ObjectName
  readonly rename?: Rename
  readonly placement?: Placement
  /** The source cluster: 3.2 to 3.4 do not print fast_schema_evolution=false. */
  readonly from?: { readonly version: DdlVersion; readonly runMode: RunMode }
  /** Bucket number of the partitions (SHOW PARTITIONS), where they agree; see tableBuckets. */
  readonly buckets?: number
  /** Plain rollups, made with the table. Synchronous materialized views follow with writeSyncView. */
  readonly rollups?: readonly Rollup[]
  readonly ifNotExists?: boolean
  /** Names that the target called unknown in an earlier try (see dropUnknownProperties). */
  readonly unknownProperties?: ReadonlySet<string>
}

/** A setting that the source has and the copy gets only at cutover. */
export interface Undo {
  readonly property: string
  /** The source's value. */
  readonly value: string
  /** The statement that sets it. */
  readonly statement: string
}

export interface WrittenTable {
  /** To be run in order: CREATE TABLE, without partitions. */
  readonly statements: readonly string[]
  /** To be run once every table exists: foreign keys. */
  readonly deferred: readonly string[]
  /** To be run at cutover: dynamic partitions, time to live. */
  readonly undo: readonly Undo[]
  readonly dropped: readonly DroppedProperty[]
  readonly warnings: readonly string[]
}

/**
 * Writes the statements that make a table on the target without its partitions (see writePartitions); an unpartitioned table gets its
 * only one. Callers ask refusals() first: what cannot be written faithfully is not checked again here.
 */
export function writeTable(table: Table, options: WriteTableOptions): WrittenTable {
  const { target, source, rename = keepNames, placement } = options
  const name = rename(source)
  const decision = decideProperties(table, {
    target,
    placement,
    source,
    rename,
    from: options.from,
    unknown: options.unknownProperties,
  })
  const statement = createTable(table, name, decision.create, options)
  const set = (property: string, value: string) => alterSet(name, { [property]: value })
  return {
    statements: [statement],
    deferred: Object.entries(decision.later).map(([property, value]) => set(property, value)),
    undo: Object.entries(decision.atCutover).map(([property, value]) => ({
      property,
      value,
      statement: set(property, value),
    })),
    dropped: decision.dropped,
    warnings: warnings(table, options),
  }
}

/** `ALTER TABLE … SET ("k" = "v")` */
export function alterSet(name: ObjectName, properties: Properties): string {
  return `ALTER TABLE ${quoteQualified(name.database, name.name)} SET ${quoteProperties(Object.entries(properties))}`
}

function createTable(table: Table, name: ObjectName, properties: Properties, options: WriteTableOptions): string {
  const names = table.columns.map((column) => column.name)
  const items = [...table.columns.map((column) => writeColumn(column, names)), ...table.indexes.map(writeIndex)]
  const clauses = [
    `CREATE TABLE ${options.ifNotExists ? 'IF NOT EXISTS ' : ''}${quoteQualified(name.database, name.name)} (\n  ${items.join(',\n  ')}\n)`,
    `ENGINE=${table.engine}`,
  ]
  if (table.keys) clauses.push(`${table.keys.type} KEY${writeNames(table.keys.columns)}`)
  // Shared-data frontends print the engine's name where there is no comment.
  const comment = options.from?.runMode === 'shared_data' && table.comment === 'OLAP' ? '' : table.comment
  if (comment !== '') clauses.push(`COMMENT ${quoteString(comment)}`)
  const partitionBy = writePartitioning(table.partitioning, names, options.target.version)
  if (partitionBy !== undefined) clauses.push(partitionBy)
  if (table.distribution) clauses.push(writeDistribution(table.distribution, tableBuckets(table, options.buckets)))
  if (table.orderBy.length > 0) clauses.push(`ORDER BY${writeNames(table.orderBy)}`)
  if (options.rollups && options.rollups.length > 0) clauses.push(writeRollupClause(options.rollups))
  if (Object.keys(properties).length > 0) clauses.push(`PROPERTIES ${quoteProperties(Object.entries(properties))}`)
  return clauses.join('\n')
}

/**
 * The bucket number that CREATE TABLE is written with; undefined leaves it to the target. `read` is the partitions' own, as SHOW PARTITIONS
 * tells it: an unpartitioned table gets its only partition with this number, and createPartition takes the table's (see writePartitions).
 * Other tables keep what the source's text says, for partitions that are made after the cutover.
 */
export function tableBuckets(table: Table, read: number | undefined): number | undefined {
  const own =
    table.distribution === undefined || table.distribution.kind === 'other' ? undefined : table.distribution.buckets
  if (table.partitioning.kind === 'none') return read ?? own
  return table.partitioning.kind === 'automatic-range' ? (own ?? read) : own
}

/** `PARTITION BY …` without partitions; undefined for a table without partitioning. */
export function writePartitioning(
  partitioning: Partitioning,
  columns: readonly string[],
  version: DdlVersion,
): string | undefined {
  switch (partitioning.kind) {
    case 'none':
      return undefined
    case 'range':
      return `PARTITION BY RANGE${writeNames(partitioning.columns)} ()`
    case 'range-function':
      return `PARTITION BY RANGE(${quoteColumns(partitioning.text, columns)}) ()`
    case 'list':
      return `PARTITION BY LIST${writeNames(partitioning.columns)} ()`
    case 'automatic-range':
      return `PARTITION BY ${quoteColumns(partitioning.text, columns)}`
    default:
      return `PARTITION BY ${writeTerms(partitioning.terms, columns, version)}`
  }
}

// 4.1 prints and takes parentheses, which keep a single date_trunc from becoming a range; before it an expression stands bare.
function writeTerms(terms: readonly PartitionTerm[], columns: readonly string[], version: DdlVersion): string {
  const texts = terms.map((term) => (term.kind === 'column' ? quoteName(term.name) : quoteColumns(term.text, columns)))
  const bare = terms.some((term) => term.kind === 'expression') && !atLeast(version, 4, 1)
  return bare ? texts.join(', ') : `(${texts.join(', ')})`
}

function warnings(table: Table, options: WriteTableOptions): string[] {
  const found: string[] = []
  if (table.columns.some((column) => column.autoIncrement)) {
    found.push(
      'the AUTO_INCREMENT counter is not copied: rows written to the copy after cutover start from 1 unless it is raised',
    )
  }
  if (table.partitioning.kind === 'none' && table.distribution && tableBuckets(table, options.buckets) === undefined) {
    found.push('the bucket number is chosen by the target: the source shows none, and its partition was not read')
  }
  return found
}
