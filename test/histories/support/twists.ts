import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { beating } from '../../../activities/heartbeat.ts'
import type { Activities } from '../../../activities/index.ts'

type Twist = (usual: () => unknown) => unknown

/** Real activities, but for those that a story has answered otherwise: what a lab cluster cannot be brought to do at the right moment. */
export class Twists {
  readonly #twists = new Map<string, Twist>()

  /** For a worker's start. */
  readonly instead = (real: Activities): object =>
    Object.fromEntries(
      Object.entries(real).map(([name, activity]) => [
        name,
        (input: unknown) => {
          const usual = () => (activity as (input: unknown) => unknown)(input)
          return (this.#twists.get(name) ?? ((act) => act()))(usual)
        },
      ]),
    )

  /** Until `clear`. `usual` does what the real one does. */
  set(name: keyof Activities, twist: Twist): void {
    this.#twists.set(name, twist)
  }

  clear(): void {
    this.#twists.clear()
  }
}

/** Until somebody cancels it. */
export const forever = () => beating(() => Context.current().cancelled)

export const fails = (message: string) => (): never => {
  throw ApplicationFailure.nonRetryable(message)
}

/** Told to cancel, it does so, but ends as one does whose worker is drained or whose cluster does not answer. */
export async function losesItsWorker(usual: () => unknown): Promise<unknown> {
  const { cancellationSignal } = Context.current()
  try {
    return await usual()
  } catch (error) {
    if (!cancellationSignal.aborted) throw error
    throw ApplicationFailure.create({ type: 'Unreachable', message: 'east does not answer' })
  }
}
