import type { Expression, Query } from './expression.ts'

export interface ObjectName {
  database?: string
  name: string
}

export type Properties = [string, string][]

export interface ColumnDefinition {
  name: string
  /** In the form that SHOW CREATE TABLE prints. */
  type: string
  key?: boolean
  nullable?: boolean
  aggregation?: string
  autoIncrement: boolean
  default?: { kind: 'literal'; value: string } | { kind: 'null' } | { kind: 'expression'; value: string }
  generated?: Expression
  comment: string
}

export type PartitionValue = string | null | 'MAXVALUE'

export type PartitionItem =
  | { kind: 'fixed'; lower: PartitionValue[]; upper: PartitionValue[] }
  | { kind: 'less-than'; upper: PartitionValue[]; max: boolean }
  | { kind: 'in'; values: (string | null)[][]; tuples: boolean }

export interface PartitionDefinition {
  name: string
  ifNotExists: boolean
  item?: PartitionItem
  properties: Properties
  /** Where the definition stands, as StarRocks' errors tell it. */
  place: string
}

export interface PartitionBatch {
  start: string
  end: string
  every: { count: number; unit?: string }
  text: string
}

export type PartitionSource = { definitions: PartitionDefinition[]; batches: PartitionBatch[]; given: boolean }

export interface PartitionClause {
  kind: 'range' | 'list' | 'expressions'
  /** Column names, or expressions; a plain column is an expression of kind `column`. */
  expressions: Expression[]
  texts: string[]
  /** Where each expression stands, as StarRocks' errors tell it. */
  places: string[]
  source: PartitionSource
  /** Offset where the clause begins and ends. */
  start: number
  end: number
}

export interface DistributionClause {
  kind: 'hash' | 'random'
  columns: string[]
  buckets?: number
}

export interface IndexDefinition {
  name: string
  columns: string[]
  type: string
  properties: Properties
  comment: string
}

export interface RollupDefinition {
  name: string
  columns: string[]
  duplicateKeys: string[]
  from?: string
  properties: Properties
}

export interface CreateTable {
  kind: 'create-table'
  target: ObjectName
  ifNotExists: boolean
  external: boolean
  temporary: boolean
  columns: ColumnDefinition[]
  indexes: IndexDefinition[]
  engine: string
  keys?: { type: 'DUP_KEYS' | 'UNIQUE_KEYS' | 'AGG_KEYS' | 'PRIMARY_KEYS'; columns: string[] }
  comment: string
  partition?: PartitionClause
  distribution?: DistributionClause
  orderBy?: string[]
  /** Where ORDER BY stands, as StarRocks' errors tell it. */
  keysPlace?: string
  rollups: RollupDefinition[]
  properties: Properties
  like?: ObjectName
  as?: Query
}
