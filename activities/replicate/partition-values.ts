import { canonicalValues, DdlReadError, type Table } from '../../starrocks/ddl/index.ts'
import type { PartitionRow } from '../../starrocks/index.ts'
import { refused, stale } from '../failures.ts'
import { shapeOf } from '../metadata/read-table.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair } from './table-pair.ts'

/**
 * Throws `Stale` (to be aligned) unless partitions of one name hold the same range or list of values. The replication compares names and versions
 * alone: rows would come into a partition that they do not belong to, and queries that prune partitions would not find them.
 */
export function compareValues(
  pair: Pick<TablePair, 'source'>,
  model: Pick<Table, 'partitioning'>,
  partitions: readonly PartitionPair[],
): void {
  for (const { name, source, target } of partitions) {
    const texts = [source, target].map(({ rangeText, listText }) => rangeText ?? listText)
    if (texts[0] === texts[1]) continue
    const [there, here] = [source, target].map((row) => valuesOf(pair, model, row))
    if (there === here) continue
    throw stale(
      `partition ${name} of ${pair.source.full} is for ${texts[0] ?? 'all rows'} on the source and for ${texts[1] ?? 'all rows'} on the target`,
      { align: true },
    )
  }
}

/** Versions print the same values in different ways. */
function valuesOf(pair: Pick<TablePair, 'source'>, model: Pick<Table, 'partitioning'>, row: PartitionRow): string {
  try {
    return canonicalValues(shapeOf(model, row).values)
  } catch (error) {
    if (!(error instanceof DdlReadError)) throw error
    throw refused(`the values of partition ${row.name} of ${pair.source.full} cannot be read: ${error.message}`)
  }
}
