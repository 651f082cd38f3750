export { canonicalQuery } from './canonical-query.ts'
export { foreignKeysFor, isSameForeignKeys } from './constraints.ts'
export type { DataType, StructField } from './data-type.ts'
export { canonicalDataType, readDataType, writeDataType } from './data-type.ts'
export { type DroppedProperty, decideProperties, type PropertyDecision } from './decide-properties.ts'
export * from './difference.ts'
export { type ViewContext, viewDifference } from './difference-views.ts'
export type * from './model.ts'
export {
  answerNullQuestion,
  type NullMeaning,
  type NullQuestion,
  nullListQuestion,
  type PrintedNull,
  printedNulls,
  readPruning,
} from './null-list.ts'
export { readListText, readRangeText } from './partition-text.ts'
export * from './quote.ts'
export { defaultsOfDesc, readCreate } from './read.ts'
export { type ReadOptions, readTable } from './read-table.ts'
export { readMaterializedView, readView } from './read-view.ts'
export {
  dependencies,
  orderByDependency,
  renameReferences,
  type TableReference,
  tableReferences,
} from './references.ts'
export { type Refusal, type RefusalCode, type RefusalFacts, refusals } from './refusals.ts'
export * from './rollups.ts'
export { DdlReadError } from './scanner.ts'
export * from './source-partition.ts'
export { canonicalExpression, nameOf, quoteColumns, type SqlToken, sqlTokens } from './sql-tokens.ts'
export { compareDefinitions, nameOfIndex, writeSyncView } from './sync-view.ts'
export { sameButForBlanks, withBlanks } from './sync-view-text.ts'
export { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
export { dropUnknownProperties } from './unknown-properties.ts'
export type { DdlVersion, RunMode } from './version.ts'
export { writeColumn, writeDistribution, writeIndex } from './write-column.ts'
export {
  nullKey,
  type PartitionVerdict,
  type PlannedPartition,
  type WritePartitionsOptions,
  writePartitions,
} from './write-partitions.ts'
export {
  alterSet,
  tableBuckets,
  type Undo,
  type WriteTableOptions,
  type WrittenTable,
  writePartitioning,
  writeTable,
} from './write-table.ts'
export {
  type WriteViewOptions,
  type WrittenView,
  writeMaterializedView,
  writeView,
} from './write-view.ts'
