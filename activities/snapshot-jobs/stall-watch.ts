import { classifyTaskErrors } from '../../starrocks/errors/job-failure.ts'
import type { SnapshotJob } from './job-place.ts'

/** Of the time that a job may stand still: how much is left to one in a state that does not survive a restart of its frontend. */
const AFTER_RESTART = 1 / 15
const SHORTEST_AFTER_RESTART_MS = 2_000

/** What comes before anything is moved: a frontend that is restarted then never takes it up again, and it stays so for ever. */
const LOST_BY_RESTART = new Set(['PENDING', 'SNAPSHOTING', 'UPLOAD_INFO'])
/** Backends tell of whole tablets only, so the row stands still as long as the largest one takes. */
const BY_TABLET = new Set(['UPLOADING', 'DOWNLOADING'])
/** Slower than this no tablet is waited for: one of sixteen that share 300 Mbit/s has more. */
const FLOOR_BYTES_PER_SECOND = 2_000_000
/** Backends report a task of many tablets after so many of them. */
const TABLETS_PER_REPORT = 11
/** Where nothing is known of tablets: so many times as long. */
const UNKNOWN_TABLETS = 4
/** The repository is looked at so many times in the time that a job may stand still. */
const LOOKS = 3

export interface StallOptions {
  /** A job whose state, open tasks and tablets stay the same for so long is called stalled; longer where tablets are large. */
  stallMs: number
  /** Bytes of the largest tablet that is moved, about. */
  largestTablet?: number
  /** Of an upload: what is in the repository of it, as a text that changes when bytes arrive. Throws where that cannot be read. */
  arrived?(): Promise<string>
}

/** `stalled`: why. `waiting`: it stands still, and why it is left alone all the same. */
export interface StallVerdict {
  stalled?: string
  waiting?: string
}

/**
 * Tells a job that will never go on from one that takes its time. Restarts, lost tasks and states that nobody carries on are known by a row that never changes; an
 * upload by the bytes that arrive in the repository; a download, and an upload whose repository cannot be read, by the time that the largest tablet
 * may take. What waits for room on a disk goes on by itself when there is some.
 */
export class StallWatch {
  readonly #options: StallOptions
  readonly #now: () => number
  #look = ''
  #since = 0
  #arrived: string | undefined
  #askedAt: number | undefined
  #answer: boolean | undefined

  constructor(options: StallOptions, now: () => number = () => performance.now()) {
    this.#options = options
    this.#now = now
  }

  async observe(job: SnapshotJob, leaderChanged: boolean): Promise<StallVerdict> {
    const { stallMs } = this.#options
    const stillMs = this.#still(job)
    const said = job.taskErrors[0] ? `; its tasks say: ${job.taskErrors[0].message.slice(0, 300)}` : ''
    const afterRestart = Math.max(stallMs * AFTER_RESTART, SHORTEST_AFTER_RESTART_MS)
    if (leaderChanged && LOST_BY_RESTART.has(job.state) && stillMs >= Math.min(afterRestart, stallMs)) {
      return {
        stalled: `${job.label} was ${job.state} when the leading frontend changed or was restarted, and has not moved since`,
      }
    }
    const worst = classifyTaskErrors(job.taskErrors)
    if (worst?.kind === 'capacity')
      return { waiting: `${worst.text.slice(0, 300)}. ${worst.remedy}; it goes on by itself` }
    const seconds = Math.round(stillMs / 1_000)
    const stalled = { stalled: `${job.label} has been ${job.state} for ${seconds} s without any progress${said}` }
    if (!BY_TABLET.has(job.state)) return stillMs >= stallMs ? stalled : {}
    if (stillMs < stallMs / LOOKS) return {}
    const grows = job.state === 'UPLOADING' ? await this.#grows() : undefined
    if (grows) return { waiting: `no tablet was finished for ${seconds} s, but bytes arrive in the repository` }
    const limit = grows === false ? stallMs : Math.max(stallMs, this.#longest(job))
    if (stillMs >= limit) return stalled
    return stillMs < stallMs
      ? {}
      : { waiting: `no tablet was finished for ${seconds} s; the largest may take ${Math.round(limit / 1_000)} s` }
  }

  /**
   * For how long nothing of a row has changed. That tasks say why they fail is no progress, and neither is another JobId: a job that never gets beyond
   * PENDING after a restart of its frontend gets a new one at every look.
   */
  #still(job: SnapshotJob): number {
    const look = JSON.stringify([job.state, job.unfinishedTasks, job.progress])
    if (look !== this.#look) {
      this.#look = look
      this.#since = this.#now()
      this.#arrived = undefined
      this.#askedAt = undefined
    }
    return this.#now() - this.#since
  }

  /** Whether bytes have arrived since the last look; undefined where that cannot be told. Looks seldom. */
  async #grows(): Promise<boolean | undefined> {
    const { arrived, stallMs } = this.#options
    if (!arrived) return undefined
    if (this.#askedAt !== undefined && this.#now() - this.#askedAt < stallMs / (LOOKS + 1)) return this.#answer
    this.#askedAt = this.#now()
    try {
      const before = this.#arrived
      this.#arrived = await arrived()
      this.#answer = false
      if (before === undefined || before === this.#arrived) return false
      this.#since = this.#now()
      return true
    } catch {
      // The store may be out of reach for this worker, and not for the cluster.
      this.#answer = undefined
      return undefined
    }
  }

  #longest(job: SnapshotJob): number {
    const { largestTablet, stallMs } = this.#options
    if (largestTablet === undefined) return stallMs * UNKNOWN_TABLETS
    const together = Math.max(1, ...job.progress.map(({ total }) => Math.min(total, TABLETS_PER_REPORT)))
    return (largestTablet * together * 1_000) / FLOOR_BYTES_PER_SECOND
  }
}
