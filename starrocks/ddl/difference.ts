import { canonicalDataType } from './data-type.ts'
import { decideProperties } from './decide-properties.ts'
import { compareProperties } from './difference-properties.ts'
import type { Column, ColumnDefault, Distribution, Index, Partitioning, Table } from './model.ts'
import { quoteDouble, quoteName, quoteProperties, quoteQualified, quoteString } from './quote.ts'
import { canonicalExpression } from './sql-tokens.ts'
import { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
import { atLeast, type DdlVersion, type RunMode } from './version.ts'
import { writeNames } from './write-column.ts'
import { tableBuckets } from './write-table.ts'

/** What becomes of a difference. */
export type DifferenceAction =
  /** Rows would be wrong or could not be replicated: the target's table must be made again. */
  | { readonly kind: 'recreate' }
  /** Statements that end the difference in place. */
  | { readonly kind: 'alter'; readonly statements: readonly string[] }
  /** Seen, and of no consequence for rows; nothing is done. */
  | { readonly kind: 'report' }

export type DifferenceKind =
  | 'columns'
  | 'column'
  | 'keys'
  | 'partitioning'
  | 'distribution'
  | 'order-by'
  | 'engine'
  | 'bitmap-index'
  | 'index'
  | 'comment'
  | 'column-comment'
  | 'property'
  | 'query'
  | 'security'
  | 'refresh'

export interface Difference {
  readonly kind: DifferenceKind
  /** What differs: `columns.price.type`, `properties.colocate_with`. */
  readonly path: string
  readonly source: string
  readonly target: string
  readonly action: DifferenceAction
}

export interface DifferenceContext {
  readonly target: TargetCluster
  /** The source's name of the table. */
  readonly source: ObjectName
  readonly rename?: Rename
  readonly placement?: Placement
  /** The source cluster, as given to writeTable. */
  readonly from?: { readonly version: DdlVersion; readonly runMode: RunMode }
  /** Bucket number of the source's partitions, as given to writeTable. */
  readonly buckets?: number
  readonly unknownProperties?: ReadonlySet<string>
}

/**
 * What differs between a table of the source and its copy. Sees through what versions and run modes print differently for the same table
 * (type widths, boolean defaults, hidden partition columns, comment "OLAP", properties that the run mode adds), and through nothing else.
 * Partitions are compared by comparePartitions, rollups by compareIndexes.
 */
export function difference(source: Table, target: Table, context: DifferenceContext): Difference[] {
  const name = (context.rename ?? keepNames)(context.source)
  const differ = new Differences()
  differ.check('engine', 'engine', source.engine, target.engine)
  compareColumns(source, target, name, context, differ)
  differ.check('keys', 'keys', writeKeys(source), writeKeys(target))
  differ.check(
    'partitioning',
    'partitioning',
    canonicalPartitioning(source.partitioning),
    canonicalPartitioning(target.partitioning),
  )
  compareDistribution(source, target, context, differ)
  differ.check('order-by', 'orderBy', namesText(source.orderBy), namesText(target.orderBy))
  compareIndexDefinitions(source.indexes, target.indexes, name, differ)
  if (plainComment(source.comment) !== plainComment(target.comment)) {
    const statement = `ALTER TABLE ${quoteQualified(name.database, name.name)} COMMENT = ${quoteString(source.comment)}`
    differ.add('comment', 'comment', source.comment, target.comment, { kind: 'alter', statements: [statement] })
  }
  const decision = decideProperties(source, {
    target: context.target,
    placement: context.placement,
    source: context.source,
    rename: context.rename ?? keepNames,
    from: context.from,
    unknown: context.unknownProperties,
  })
  differ.found.push(...compareProperties(source, target, decision, name, context.target))
  return differ.found
}

class Differences {
  readonly found: Difference[] = []

  add(kind: DifferenceKind, path: string, source: string, target: string, action: DifferenceAction): void {
    this.found.push({ kind, path, source, target, action })
  }

  check(
    kind: DifferenceKind,
    path: string,
    source: string,
    target: string,
    action: DifferenceAction = { kind: 'recreate' },
  ): void {
    if (source !== target) this.add(kind, path, source, target, action)
  }
}

// Column names are compared without case, as StarRocks does; table names are not.
function namesText(names: readonly string[]): string {
  return names.map((name) => quoteName(name.toLowerCase())).join(', ')
}

function writeKeys(table: Table): string {
  return table.keys ? `${table.keys.type} KEY(${namesText(table.keys.columns)})` : ''
}

function compareColumns(
  source: Table,
  target: Table,
  name: ObjectName,
  context: DifferenceContext,
  differ: Differences,
): void {
  const names = [namesText(source.columns.map((c) => c.name)), namesText(target.columns.map((c) => c.name))] as const
  differ.check('columns', 'columns', names[0], names[1])
  const onTarget = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]))
  for (const column of source.columns) {
    const twin = onTarget.get(column.name.toLowerCase())
    if (twin) compareColumn(column, twin, name, context, differ)
  }
}

function compareColumn(
  source: Column,
  target: Column,
  name: ObjectName,
  context: DifferenceContext,
  differ: Differences,
): void {
  const path = `columns.${source.name}`
  const isBoolean = source.type.kind === 'scalar' && source.type.name === 'boolean'
  differ.check('column', `${path}.type`, canonicalDataType(source.type), canonicalDataType(target.type))
  differ.check('column', `${path}.aggregation`, source.aggregation ?? '', target.aggregation ?? '')
  differ.check('column', `${path}.nullable`, String(source.nullable), String(target.nullable))
  differ.check(
    'column',
    `${path}.default`,
    defaultText(source.default, isBoolean),
    defaultText(target.default, isBoolean),
  )
  differ.check('column', `${path}.autoIncrement`, String(source.autoIncrement), String(target.autoIncrement))
  differ.check('column', `${path}.generated`, expressionText(source.generated), expressionText(target.generated))
  if (source.comment === target.comment) return
  const comment = `ALTER TABLE ${quoteQualified(name.database, name.name)} MODIFY COLUMN ${quoteName(source.name)} COMMENT ${quoteDouble(source.comment)}`
  const canAlter = atLeast(context.target.version, 3, 5)
  const action: DifferenceAction = canAlter ? { kind: 'alter', statements: [comment] } : { kind: 'report' }
  differ.add('column-comment', `${path}.comment`, source.comment, target.comment, action)
}

function expressionText(expression: string | undefined): string {
  return expression === undefined ? '' : canonicalExpression(expression)
}

// 3.1 and 3.3 print a boolean's default as it was typed, later versions as 1 and 0.
function defaultText(value: ColumnDefault, isBoolean: boolean): string {
  switch (value.kind) {
    case 'literal': {
      const literal = isBoolean ? value.value.replace(/^true$/i, '1').replace(/^false$/i, '0') : value.value
      return quoteString(literal)
    }
    case 'now':
      return value.precision === undefined ? 'CURRENT_TIMESTAMP' : `CURRENT_TIMESTAMP(${value.precision})`
    case 'expression':
      return `(${canonicalExpression(value.text)})`
    default:
      return ''
  }
}

/** One text for equal partitionings, whatever version printed them. */
export function canonicalPartitioning(partitioning: Partitioning): string {
  switch (partitioning.kind) {
    case 'none':
      return ''
    case 'range':
      return `RANGE(${namesText(partitioning.columns)})`
    case 'list':
      return `LIST(${namesText(partitioning.columns)})`
    case 'range-function':
      return `RANGE(${canonicalExpression(partitioning.text)})`
    case 'automatic-range':
      return `${partitioning.function}(${quoteName(partitioning.column.toLowerCase())}, ${partitioning.step} ${partitioning.unit})`
    default:
      return partitioning.terms
        .map((term) => (term.kind === 'column' ? quoteName(term.name.toLowerCase()) : canonicalExpression(term.text)))
        .join(', ')
  }
}

function compareDistribution(source: Table, target: Table, context: DifferenceContext, differ: Differences): void {
  differ.check(
    'distribution',
    'distribution',
    distributionText(source.distribution),
    distributionText(target.distribution),
  )
  const wanted = tableBuckets(source, context.buckets)
  const actual = bucketsOf(target.distribution)
  // Where the source prints no number and none was read, the partitions' own numbers tell (comparePartitions).
  if (wanted === actual || wanted === undefined) return
  // The only partition of an unpartitioned table has this number; elsewhere it is for new partitions, existing ones are compared one by one.
  const action: DifferenceAction = source.partitioning.kind === 'none' ? { kind: 'recreate' } : { kind: 'report' }
  const text = (buckets: number | undefined) => (buckets === undefined ? 'chosen by the cluster' : String(buckets))
  differ.add('distribution', 'distribution.buckets', text(wanted), text(actual), action)
}

function bucketsOf(distribution: Distribution | undefined): number | undefined {
  return distribution === undefined || distribution.kind === 'other' ? undefined : distribution.buckets
}

function distributionText(distribution: Distribution | undefined): string {
  if (!distribution) return ''
  if (distribution.kind === 'hash') return `HASH(${namesText(distribution.columns)})`
  return distribution.kind === 'random' ? 'RANDOM' : distribution.text
}

function plainComment(comment: string): string {
  // Shared-data frontends print the engine's name where there is no comment.
  return comment === 'OLAP' ? '' : comment
}

function indexText(index: Index): string {
  // The implementation of an inverted index is chosen by the run mode, and not printed by 3.3.
  const properties = Object.entries(index.properties)
    .filter(([property]) => property.toLowerCase() !== 'imp_lib')
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `${index.type}(${namesText(index.columns)}) ${quoteProperties(properties)}`
}

function compareIndexDefinitions(
  source: readonly Index[],
  target: readonly Index[],
  name: ObjectName,
  differ: Differences,
): void {
  const table = quoteQualified(name.database, name.name)
  const onTarget = new Map(target.map((index) => [index.name.toLowerCase(), index]))
  const drop = (index: Index) => `DROP INDEX ${quoteName(index.name)} ON ${table}`
  const create = (index: Index) =>
    `CREATE INDEX ${quoteName(index.name)} ON ${table} ${writeNames(index.columns)} USING ${index.type} COMMENT ${quoteString(index.comment)}`
  for (const index of source) {
    const twin = onTarget.get(index.name.toLowerCase())
    onTarget.delete(index.name.toLowerCase())
    if (twin && indexText(twin) === indexText(index)) continue
    const isBitmap = index.type === 'BITMAP' && (!twin || twin.type === 'BITMAP')
    const statements = twin ? [drop(twin), create(index)] : [create(index)]
    const action: DifferenceAction = isBitmap ? { kind: 'alter', statements } : { kind: 'recreate' }
    differ.add(
      isBitmap ? 'bitmap-index' : 'index',
      `indexes.${index.name}`,
      indexText(index),
      twin ? indexText(twin) : '',
      action,
    )
  }
  for (const index of onTarget.values()) {
    const isBitmap = index.type === 'BITMAP'
    const action: DifferenceAction = isBitmap ? { kind: 'alter', statements: [drop(index)] } : { kind: 'recreate' }
    differ.add(isBitmap ? 'bitmap-index' : 'index', `indexes.${index.name}`, '', indexText(index), action)
  }
}
