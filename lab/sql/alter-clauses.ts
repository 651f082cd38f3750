import type {
  ColumnDefinition,
  DistributionClause,
  ObjectName,
  PartitionBatch,
  PartitionDefinition,
  Properties,
  RollupDefinition,
} from './statements.ts'

export type ColumnPlace = { first: true } | { after: string } | undefined

/** One clause of ALTER TABLE. */
export type AlterClause =
  | {
      kind: 'add-partition'
      temporary: boolean
      definition: PartitionDefinition
      distribution?: DistributionClause
      properties: Properties
    }
  | {
      kind: 'add-partitions'
      temporary: boolean
      batches: PartitionBatch[]
      definitions: PartitionDefinition[]
      distribution?: DistributionClause
      properties: Properties
    }
  | {
      kind: 'drop-partition'
      temporary: boolean
      ifExists: boolean
      names: string[]
      batch?: PartitionBatch
      force: boolean
    }
  | { kind: 'replace-partition'; temporary: boolean; names: string[]; temporaryNames: string[]; properties: Properties }
  | { kind: 'truncate-partition'; names: string[] }
  | { kind: 'modify-partition'; names: string[] | '*'; properties: Properties }
  | { kind: 'rename-table'; name: string }
  | { kind: 'rename-partition'; from: string; to: string }
  | { kind: 'rename-column'; from: string; to: string }
  | { kind: 'rename-rollup'; from: string; to: string }
  | { kind: 'swap'; with: string }
  | { kind: 'add-column'; columns: ColumnDefinition[]; place: ColumnPlace; rollup?: string }
  | { kind: 'drop-column'; name: string; rollup?: string }
  | { kind: 'modify-column'; column: ColumnDefinition; place: ColumnPlace }
  | { kind: 'modify-column-comment'; name: string; comment: string }
  | { kind: 'order-by'; columns: string[] }
  | { kind: 'add-rollup'; rollups: RollupDefinition[] }
  | { kind: 'drop-rollup'; names: string[] }
  | { kind: 'set'; properties: Properties }
  | { kind: 'comment'; comment: string }
  | { kind: 'optimize'; partitions?: string[]; distribution: DistributionClause }
  | { kind: 'auto-increment'; value: number }
  | { kind: 'add-index'; name: string; columns: string[]; type: string; properties: Properties; comment: string }
  | { kind: 'drop-index'; name: string }

export interface AlterTable {
  target: ObjectName
  clauses: AlterClause[]
}
