import type { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { Metrics } from '../activities/dependencies.ts'
import { type Mask, maskError } from './secrets.ts'

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
          return await next(input)
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
