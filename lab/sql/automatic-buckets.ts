import type { LabSqlContext } from './context.ts'

/** Number of buckets that a frontend chooses for a table without data. */
export const automaticBuckets = (context: LabSqlContext, kind: 'hash' | 'random'): number =>
  kind === 'random' && context.profile.atLeast('3.3')
    ? Math.max(1, context.state.nodes.filter((n) => n.alive).length)
    : 16
