import type { SnapshotJob } from '../snapshot-jobs/index.ts'
import { findDamage } from './find-damage.ts'
import type { RestoreContext } from './restore-context.ts'
import { corruptRestore } from './restore-failures.ts'

/** What backends say of an object that is not what its name promises, or is not there. */
const DAMAGE = /invalid md5|md5sum|get nothing from remote path|No such (file|key)|NoSuchKey|not found|404/i
/** Objects are read again so long after they were found in order: the damage may have been on the way. */
const AGAIN_MS = 60_000

/**
 * Tasks that fail never fail a RESTORE: it would fetch a damaged object again and again until its time is up. So what they say is
 * followed up in the repository, and damage there ends the restore at once.
 */
export class ProblemWatch {
  found = false
  readonly #context: RestoreContext
  readonly #label: string
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(context: RestoreContext, label: string) {
    this.#context = context
    this.#label = label
  }

  /** Throws the failure Corrupt that names the object. */
  async look(job: SnapshotJob): Promise<void> {
    const problem = job.taskErrors.find(({ message }) => DAMAGE.test(message))
    if (!problem || performance.now() - this.#lookedAt < AGAIN_MS) return
    this.#lookedAt = performance.now()
    const damage = await findDamage(this.#context, this.#label, problem.message)
    if (!damage) return
    this.found = true
    throw corruptRestore(
      `Snapshot ${this.#label} is damaged: ${damage}. StarRocks says: ${problem.message.slice(0, 300)}. Restore from another backup`,
    )
  }
}
