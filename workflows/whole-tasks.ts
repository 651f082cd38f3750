import type { WorkflowInterceptors } from '@temporalio/workflow'
import { ASK_AGAIN } from '../contract/ask-again.ts'

type Internals = NonNullable<WorkflowInterceptors['internals']>[number]
type Activation = Parameters<NonNullable<Internals['activate']>>[0]['activation']

/**
 * Refuses what the SDK must not do and does: run a workflow on events whose workflow task has not started.
 *
 * A query that was sent to a worker that died is sent on to the next one, and events may have come in meanwhile. That worker gets the history
 * with those events at its end, and sdk-core 1.24 hands them to the workflow, as if their task had begun – at the clock of the task before, and
 * apart from what will really be in it. The commands that come of it do not fit the history as it will be written, and the next replay fails with
 * "Nondeterminism error": a migration would stand still until it is reset.
 *
 * Such an activation shows itself: its history is longer, and its time the same, as every task that starts brings its own. Failing it makes
 * the SDK forget this copy of the workflow and answer the query with the error; the next task, or query, replays from the history.
 * Not seen is one after a task that had nothing for the workflow, so those must not come about: wait for what is cancelled (`looks`).
 */
export function interceptors(): WorkflowInterceptors {
  let before: { time: string; length: number } | undefined
  return {
    internals: [
      {
        activate(input, next) {
          const { activation } = input
          const time = timeOf(activation.timestamp)
          const length = Number(activation.historyLength ?? 0)
          const query = activation.jobs?.every(({ queryWorkflow }) => queryWorkflow != null)
          if (!query && !activation.isReplaying && ahead(activation, time, length, before)) throw new Error(ASK_AGAIN)
          before = { time, length }
          next(input)
        },
      },
    ],
  }
}

function ahead(activation: Activation, time: string, length: number, before?: { time: string; length: number }) {
  if (before) return time === before.time && length > before.length
  // Until its first task starts, a workflow's clock stands at its start.
  const start = activation.jobs?.find(({ initializeWorkflow }) => initializeWorkflow != null)?.initializeWorkflow
  return start?.startTime != null && timeOf(start.startTime) === time
}

const timeOf = (time: Activation['timestamp']) => `${time?.seconds ?? 0}.${time?.nanos ?? 0}`
