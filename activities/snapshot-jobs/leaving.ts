import type { Context } from '@temporalio/activity'
import { endingReason } from '../heartbeat.ts'

/** This process or this attempt is over: the job is left alone, the next attempt finds it by its label and goes on following it. */
export class Leaving extends Error {
  override name = 'Leaving'
  constructor() {
    super('the worker stops; the job goes on and will be followed by another')
  }
}

/** The workflow was cancelled: what is ours on the cluster is to be cancelled, too. */
export const shouldStop = (context: Context) => endingReason(context) === 'stop'

export function throwIfLeaving(context: Context): void {
  if (endingReason(context) === 'leave') throw new Leaving()
}
