import { partitionTypes } from '../data/index.ts'
import type { LabPartition, LabTable, LabValue } from '../model.ts'
import { type LabResult, type LabSession, type LabSqlContext, table as tableResult } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import type { Expression } from './expression.ts'
import { parseQuery } from './parse-query.ts'
import { compareEnds, normalizeKey } from './partition-range.ts'
import { findPartitionByName, resolveObject } from './resolve.ts'

/** EXPLAIN SELECT … FROM one table: the lines that tell which partitions are read. */
export const runExplain = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  for (const level of ['LOGICAL', 'VERBOSE', 'COSTS', 'ANALYZE']) cursor.accept(level)
  const query = parseQuery(cursor, context.profile.version)
  cursor.end()
  if (query.body.kind !== 'select' || query.body.from?.kind !== 'table')
    return plan([' OUTPUT EXPRS:', '  PARTITION: UNPARTITIONED', '', '  0:UNION', '     constant exprs:'])
  const { from, where } = query.body
  const { object } = resolveObject(context, session, from)
  if (object.kind !== 'table') return plan(['  0:SCAN'])
  const named = from.partitions?.map((name) => {
    const found = findPartitionByName(context.state, object, name, false)
    if (!found) throw analysisFailure(`Unknown partition '${name}' in table '${object.name}'`)
    return found
  })
  const all = object.partitions.filter((p) => !p.temporary)
  const kept = (named ?? all).filter((p) => hasData(p) && mayHold(context, object, p, where))
  if (kept.length === 0)
    return plan([' OUTPUT EXPRS:', '  PARTITION: UNPARTITIONED', '', '  RESULT SINK', '', '  0:EMPTYSET'])
  const tablets = kept.flatMap((p) => p.physical.flatMap((x) => x.tablets.get(object.indexes[0]?.id ?? 0n) ?? []))
  return plan([
    ' OUTPUT EXPRS:',
    '  PARTITION: RANDOM',
    '',
    '  RESULT SINK',
    '',
    '  0:OlapScanNode',
    `     TABLE: ${object.name}`,
    '     PREAGGREGATION: ON',
    `     partitions=${kept.length}/${all.length}`,
    `     rollup: ${object.name}`,
    `     tabletRatio=${tablets.length}/${tablets.length}`,
    `     tabletList=${tablets.map((t) => t.id).join(',')}`,
    '     cardinality=1',
    '     avgRowSize=1.0',
  ])
}

const plan = (lines: string[]): LabResult =>
  tableResult(
    ['Explain String'],
    ['PLAN FRAGMENT 0', ...lines].map((line) => [line]),
  )

/** A partition that nothing was ever loaded into is left out of every plan. */
const hasData = (partition: LabPartition): boolean => partition.physical.some((p) => p.visibleVersion > 1n)

/** Whether a partition may hold rows for the WHERE clause, as far as the frontend's pruning goes. */
const mayHold = (
  context: LabSqlContext,
  table: LabTable,
  partition: LabPartition,
  where: Expression | undefined,
): boolean => {
  if (!where) return true
  if (where.kind === 'binary' && where.op === 'AND') {
    return mayHold(context, table, partition, where.left) && mayHold(context, table, partition, where.right)
  }
  if (where.kind === 'binary' && where.op === 'OR') {
    return mayHold(context, table, partition, where.left) || mayHold(context, table, partition, where.right)
  }
  const test = columnTest(where)
  if (!test) return true
  const at = table.partitioning.columns.findIndex((c) => c.toLowerCase() === test.column.toLowerCase())
  if (at < 0) return true
  if (partition.list) return listHolds(context, table, partition, at, test.value)
  if (
    partition.range &&
    test.value !== null &&
    table.partitioning.columns.length === 1 &&
    !table.partitioning.expression
  ) {
    const types = partitionTypes(table)
    const key = [normalizeKey(types[0] ?? '', String(test.value))]
    return compareEnds(types, partition.range.lower, key) <= 0 && compareEnds(types, key, partition.range.upper) < 0
  }
  return true
}

const columnTest = (where: Expression): { column: string; value: LabValue } | undefined => {
  if (where.kind === 'is-null' && !where.not && where.arg.kind === 'column')
    return { column: where.arg.path.at(-1) ?? '', value: null }
  if (where.kind !== 'binary' || where.op !== '=' || where.left.kind !== 'column') return undefined
  const column = where.left.path.at(-1) ?? ''
  if (where.right.kind === 'string') return { column, value: where.right.value }
  return where.right.kind === 'number' ? { column, value: where.right.text } : undefined
}

/**
 * Pruning of list partitions, with its blind spots: 3.3 prunes one-column lists by text only and cannot tell `IS NULL` from anything,
 * later releases keep a NULL partition for `= 'NULL'` too.
 */
const listHolds = (
  context: LabSqlContext,
  table: LabTable,
  partition: LabPartition,
  at: number,
  value: LabValue,
): boolean => {
  const types = partitionTypes(table)
  const items = (partition.list ?? []).map((tuple) => tuple[at] ?? null)
  const single = table.partitioning.columns.length === 1
  if (value === null) {
    if (!context.profile.atLeast('3.5') && single) return true
    return items.includes(null)
  }
  const text = String(value)
  return items.some((item) => {
    if (item === null) return context.profile.atLeast('3.5') && text === 'NULL'
    return normalizeKey(types[at] ?? '', item) === normalizeKey(types[at] ?? '', text)
  })
}
