import type { LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'

/** Number of buckets that a frontend chooses for a partition without data: by the number of backends, 16 without partitions. */
export const automaticBuckets = (
  context: LabSqlContext,
  table: Pick<LabTable, 'distribution' | 'partitioning'>,
): number => {
  const backends = Math.max(1, context.state.nodes.filter((n) => n.alive).length)
  if (table.distribution.kind === 'random' && context.profile.atLeast('3.3')) return backends
  if (table.partitioning.kind === 'none') return 16
  if (backends <= 3) return backends * 2
  if (backends <= 6) return backends * 3
  return backends <= 12 ? 12 : Math.min(backends, 48)
}
