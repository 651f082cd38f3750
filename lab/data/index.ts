export { compactRows, forgetHistory } from './compaction.ts'
export { deleteRows, truncate } from './delete.ts'
export { LabDataError } from './errors.ts'
export { evaluate, parseExpression } from './expression.ts'
export { type InsertOptions, insertRows, renewPartition } from './insert.ts'
export { createPhysicalPartition, createTablets } from './partition.ts'
export { reshapeRows, rowReshaper } from './reshape.ts'
export { baseIndex, bucketOf, findPartition, partitionTypes, partitionValues } from './route.ts'
export { defaultValue } from './row-builder.ts'
export { countRows, misplacedRows, type ScanOptions, scanPartition, scanRows, scanTablet } from './scan.ts'
export { bytesPerRow, partitionBytes, tableBytes } from './size.ts'
export { asRead, heardBy, keepHeard, numberColumns, type StoredColumn, storedColumns } from './stored-columns.ts'
export { endRow, forgetLiveRows, keyOf, keyPositions } from './tablet.ts'
export { compareValues, normalizeValue, valueKind } from './values.ts'
export {
  awaitPublish,
  compactLake,
  compacts,
  endAwaitedPublish,
  nextTransactionId,
  publishLoad,
  publishVisible,
  recordLoad,
  recordTransaction,
} from './version.ts'
