import type { DataType } from './data-type.ts'

/** What a column gets when a load gives no value. */
export type ColumnDefault =
  | { readonly kind: 'none' }
  /** The exact text, escapes resolved. */
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'now'; readonly precision?: number }
  /** `uuid()`, `uuid_numeric()` and the like. */
  | { readonly kind: 'expression'; readonly text: string }

export interface Column {
  readonly name: string
  readonly type: DataType
  /** SUM, MAX, REPLACE_IF_NOT_NULL …; undefined for keys and plain values. */
  readonly aggregation?: string
  readonly nullable: boolean
  readonly default: ColumnDefault
  readonly autoIncrement: boolean
  /** The expression of a generated column, as printed. */
  readonly generated?: string
  readonly comment: string
}

export type KeyType = 'DUPLICATE' | 'AGGREGATE' | 'UNIQUE' | 'PRIMARY'

export interface Index {
  readonly name: string
  readonly columns: readonly string[]
  /** BITMAP, GIN, NGRAMBF, VECTOR. */
  readonly type: string
  readonly properties: Properties
  readonly comment: string
}

export type Properties = Readonly<Record<string, string>>

/** One term of an automatic list partitioning. */
export type PartitionTerm =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'expression'; readonly text: string }

export type Partitioning =
  | { readonly kind: 'none' }
  | { readonly kind: 'range'; readonly columns: readonly string[] }
  /** RANGE(str2date(c, …)), RANGE(from_unixtime(c)): partitions are added by hand, bounds are of the function's type. */
  | { readonly kind: 'range-function'; readonly text: string }
  | { readonly kind: 'list'; readonly columns: readonly string[] }
  /** date_trunc or time_slice of one column: partitions come by themselves. `step` is 1 for date_trunc. */
  | {
      readonly kind: 'automatic-range'
      readonly function: 'date_trunc' | 'time_slice'
      readonly column: string
      readonly unit: string
      readonly step: number
      readonly text: string
    }
  | { readonly kind: 'automatic-list'; readonly terms: readonly PartitionTerm[] }

/** A bound of a range: a literal, or the open upper end. */
export type Bound = { readonly kind: 'value'; readonly text: string } | { readonly kind: 'max' }

/** A printed list value. `null` is what is known to be NULL; a printed `NULL` may also be a string (see null-list.ts). */
export type ListValue = string | null

export type PartitionValues =
  | { readonly kind: 'range'; readonly lower: readonly Bound[]; readonly upper: readonly Bound[] }
  | { readonly kind: 'list'; readonly tuples: readonly (readonly ListValue[])[] }

/** A partition as SHOW CREATE prints it; automatic tables print none. */
export interface PrintedPartition {
  readonly name: string
  readonly values: PartitionValues
  readonly properties: Properties
}

export type Distribution =
  | { readonly kind: 'hash'; readonly columns: readonly string[]; readonly buckets?: number }
  | { readonly kind: 'random'; readonly buckets?: number }
  /** Range distribution of 4.1 and later: not copied. */
  | { readonly kind: 'other'; readonly text: string }

/** Something the printed text does not tell for certain. */
export interface Doubt {
  readonly kind: 'ambiguous-default' | 'default-disagrees' | 'unquoted-generated-column'
  readonly column: string
  readonly message: string
}

export interface Table {
  readonly kind: 'table'
  readonly name: string
  readonly external: boolean
  readonly temporary: boolean
  readonly engine: string
  readonly columns: readonly Column[]
  readonly indexes: readonly Index[]
  readonly keys?: { readonly type: KeyType; readonly columns: readonly string[] }
  readonly comment: string
  readonly partitioning: Partitioning
  readonly partitions: readonly PrintedPartition[]
  readonly distribution?: Distribution
  readonly orderBy: readonly string[]
  readonly properties: Properties
  readonly doubts: readonly Doubt[]
}

export interface ViewColumn {
  readonly name: string
  readonly comment: string
}

export interface View {
  readonly kind: 'view'
  readonly name: string
  readonly columns: readonly ViewColumn[]
  readonly comment: string
  /** Undefined where the version prints none (before 3.5). */
  readonly security?: 'NONE' | 'INVOKER'
  readonly query: string
}

export interface Refresh {
  readonly moment?: 'IMMEDIATE' | 'DEFERRED'
  readonly scheme: 'ASYNC' | 'MANUAL' | 'INCREMENTAL'
  readonly start?: string
  /** `1 HOUR` */
  readonly every?: string
}

export interface MaterializedView {
  readonly kind: 'materialized-view'
  readonly name: string
  readonly columns: readonly ViewColumn[]
  readonly indexes: readonly Index[]
  readonly comment: string
  /** The text after PARTITION BY, without the outer parentheses. */
  readonly partitionBy?: string
  readonly distribution?: Distribution
  readonly orderBy: readonly string[]
  readonly refresh?: Refresh
  readonly properties: Properties
  readonly query: string
}

export type DdlObject = Table | View | MaterializedView
