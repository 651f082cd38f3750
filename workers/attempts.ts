import type { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { Activities, Metrics } from '../activities/index.ts'
import { type Mask, maskError } from './secrets.ts'

/**
 * Activities that only read: when the worker drains, or nobody wants the answer any more, their attempt ends at once, whatever statement it
 * waits for. What changes a cluster is never left in the middle like that; it listens for cancellation itself.
 */
const ONLY_READ: ReadonlySet<string> = new Set<keyof Activities>([
  'preflight',
  'planPage',
  'describeTables',
  'existingTables',
  'findStale',
  'listDifferences',
  'listBackups',
  'backupsToVerify',
  'planPrune',
])

/** Around every attempt of an activity: counts how it ended, and keeps secrets out of errors before they enter a history. */
export function watchAttempts(metrics: Metrics, mask: Mask): ActivityInterceptorsFactory {
  const running = new Map<string, number>()
  const change = (activity: string, by: number) => {
    const now = (running.get(activity) ?? 0) + by
    running.set(activity, now)
    metrics.gauge('running_activities', now, { activity })
  }
  return (context: Context) => ({
    inbound: {
      async execute(input, next) {
        const activity = context.info.activityType
        const started = performance.now()
        let outcome = 'ok'
        change(activity, 1)
        try {
          const answer = next(input)
          if (!ONLY_READ.has(activity)) return await answer
          return await Promise.race([answer, context.cancelled])
        } catch (error) {
          outcome = outcomeOf(error)
          maskError(mask, error)
          throw error
        } finally {
          change(activity, -1)
          metrics.count('attempts_total', { activity, outcome })
          metrics.duration('attempt_seconds', (performance.now() - started) / 1000, { activity })
        }
      },
    },
  })
}

function outcomeOf(error: unknown): string {
  if (error instanceof CancelledFailure) return 'cancelled'
  if (error instanceof ApplicationFailure) return error.type ?? 'ApplicationFailure'
  return error instanceof Error ? error.name : 'Error'
}
