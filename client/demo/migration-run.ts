import { setTimeout as sleep } from 'node:timers/promises'
import type { MigrationStatus } from '../../contract/migration-api.ts'
import { RequestError } from '../errors.ts'
import type { Stage } from './stage.ts'
import type { Story } from './story.ts'

const LOOK_EVERY_MS = 250

/** Follows the demo's migration, showing progress, until something holds. */
export class MigrationRun {
  readonly #stage: Stage
  readonly #story: Story
  readonly #name: string
  readonly #signal: AbortSignal
  /** Milliseconds since the epoch; nothing waits longer. */
  readonly #deadline: number

  constructor(stage: Stage, story: Story, name: string, deadline: number, signal: AbortSignal) {
    this.#stage = stage
    this.#story = story
    this.#name = name
    this.#deadline = deadline
    this.#signal = signal
  }

  /** Looks until the condition holds; `each` may do something at every look. Errors: when the migration fails, or time is up. */
  async until(
    what: string,
    holds: (status: MigrationStatus) => boolean,
    each: (status: MigrationStatus) => Promise<void> | void = () => {},
  ): Promise<MigrationStatus> {
    for (;;) {
      this.#signal.throwIfAborted()
      const status = await this.#look()
      if (status) {
        this.#story.progress(status)
        if (status.state === 'failed' || (status.state === 'stopped' && what !== 'stopped')) {
          throw new Error(
            `the migration is ${status.state}: ${status.reason ?? 'no reason given'}${findingsOf(status)}`,
          )
        }
        if (holds(status)) {
          this.#story.quiet()
          return status
        }
        await each(status)
      }
      if (Date.now() > this.#deadline) throw new Error(`not ${what} in time${status ? `: ${summaryOf(status)}` : ''}`)
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.#signal })
    }
  }

  /** The same limits for an answer that is simply waited for. */
  async inTime<T>(what: string, answer: Promise<T>): Promise<T> {
    const over = new AbortController()
    const limit = sleep(Math.max(0, this.#deadline - Date.now()), undefined, {
      signal: AbortSignal.any([this.#signal, over.signal]),
    }).then(() => {
      throw new Error(`not ${what} in time`)
    })
    try {
      return await Promise.race([answer, limit])
    } finally {
      over.abort()
      limit.catch(() => {})
    }
  }

  /** Everything confirmed by a look that began after `since`. */
  caughtUp(since: number): Promise<MigrationStatus> {
    return this.until(
      'caught up',
      ({ state, progress, checkedAt }) =>
        state === 'caughtUp' && progress === 1 && checkedAt !== undefined && Date.parse(checkedAt) > since,
    )
  }

  /** Undefined while nobody answers: the worker may be dead on purpose. */
  async #look(): Promise<MigrationStatus | undefined> {
    try {
      return await this.#stage.starferry.status(this.#name)
    } catch (error) {
      if (error instanceof RequestError && /no migration/.test(error.message)) throw error
      return undefined
    }
  }
}

function summaryOf({ state, reason, tables, partitions, reasons }: MigrationStatus): string {
  const waiting = reasons.map((each) => `${each.tables}: ${each.reason}`).join('; ')
  return [
    state,
    reason,
    `${tables.finished} of ${tables.total} tables`,
    `${partitions.lagging} partitions behind`,
    waiting,
  ]
    .filter(Boolean)
    .join(', ')
}

const findingsOf = (status: MigrationStatus) =>
  status.findings
    .filter((finding) => finding.level === 'fatal')
    .map((finding) => `; ${finding.subject}: ${finding.message}`)
    .join('')
