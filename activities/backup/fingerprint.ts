import { createHash } from 'node:crypto'
import type { Table } from '../../starrocks/ddl/index.ts'
import type { IndexSchema } from '../../starrocks/index.ts'

/** Properties that say how rows are stored in every partition, so that partitions of before do not fit any more. */
const STORED = new Set(['bloom_filter_columns', 'compression', 'storage_type', 'bloom_filter_fpp'])

/**
 * What must be the same for partitions of two snapshots to fit into one table: columns, keys, how it is partitioned and distributed, indexes – and the
 * schema version of each index, for a column that was dropped and added again looks the same and holds other values. Partitions, comments, and properties
 * that do not touch what is stored are not in it.
 * `model`: the table as SHOW CREATE TABLE prints it, or, where that cannot be read, the text.
 */
export function fingerprint(model: Table | string, indexes: readonly IndexSchema[]): string {
  const schemas = indexes.map(({ id, name, schemaVersion, schemaHash }) => [
    String(id),
    name,
    schemaVersion,
    schemaHash,
  ])
  const shape = typeof model === 'string' ? model : shapeOf(model)
  return createHash('sha1')
    .update(JSON.stringify([shape, schemas.sort()]))
    .digest('base64url')
}

function shapeOf(table: Table) {
  const { keys, partitioning, distribution, orderBy, columns, indexes } = table
  return {
    columns: columns.map(({ comment: _, ...column }) => column),
    indexes: indexes.map(({ comment: _, ...index }) => index),
    keys,
    partitioning,
    // How many buckets new partitions get; each partition has its own number.
    distribution: distribution && { ...distribution, buckets: undefined },
    orderBy,
    properties: Object.entries(table.properties)
      .filter(([name]) => STORED.has(name))
      .sort(),
  }
}
