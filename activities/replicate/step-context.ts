import type { Context } from '@temporalio/activity'
import type { CopyIntent } from '../../contract/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { endingReason } from '../heartbeat.ts'

/** What the parts of one attempt share. */
export interface StepContext {
  deps: Dependencies
  context: Context
  /** What the ids of all jobs of this migration begin with. */
  migrationPrefix: string
  /** The id that this attempt gives its job; empty until it is known what it copies. */
  jobId: string
  /** What is known of the state of the source's columns under which the copy was made. */
  schema?: string
  /** What the jobs of former attempts, and then of this one, are to bring; only for targets that do not tell themselves. */
  intents: CopyIntent[]
  /** What is known of the copies by now, for such targets; unset: not read yet. */
  memory?: () => string | undefined
  /** Tells an operator what the activity is doing. */
  report(details: Record<string, unknown>): void
}

/** The workflow asked to send nothing new. */
export const shouldStop = (step: StepContext) => endingReason(step.context) === 'stop'

/** This process or this attempt is over: leave the job alone, another attempt adopts it. */
export class Leaving extends Error {
  override name = 'Leaving'
}

export function throwIfLeaving(step: StepContext): void {
  if (endingReason(step.context) === 'leave') throw new Leaving('the worker stops; the job goes on and will be adopted')
}
