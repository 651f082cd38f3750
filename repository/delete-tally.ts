import type { DeleteFailure, DeleteResult } from './object-store.ts'
import { StorageError } from './storage-error.ts'

const NAMED_FAILURES = 100

/** Counts what a deletion did; knows when to give up. */
export class DeleteTally {
  readonly result: DeleteResult = { deleted: 0, failed: 0, failures: [], hidden: 0 }
  readonly #onProgress: ((soFar: Readonly<DeleteResult>) => void) | undefined

  constructor(onProgress?: (soFar: Readonly<DeleteResult>) => void) {
    this.#onProgress = onProgress
  }

  get stopped(): boolean {
    return this.result.stopped !== undefined
  }

  done(deleted: number, hidden = 0): void {
    this.result.deleted += deleted
    this.result.hidden += hidden
    this.#onProgress?.(this.result)
  }

  failed({ key, error }: DeleteFailure): void {
    this.result.failed++
    if (this.result.failures.length < NAMED_FAILURES) this.result.failures.push({ key, error })
  }

  /** A whole request failed: its keys are still there, as far as is known. Anything but a StorageError is thrown: an abort, or a bug. */
  refused(keys: readonly string[], error: unknown): void {
    if (!(error instanceof StorageError)) throw error
    for (const key of keys) this.failed({ key, error })
    if (error.concernsWholeStore) this.result.stopped ??= error
  }

  /** Not even the keys could be listed. */
  stop(error: unknown): void {
    if (!(error instanceof StorageError)) throw error
    this.result.stopped ??= error
  }

  add(other: DeleteResult): void {
    this.result.deleted += other.deleted
    this.result.failed += other.failed
    this.result.hidden += other.hidden
    this.result.failures.push(...other.failures.slice(0, NAMED_FAILURES - this.result.failures.length))
    if (other.stopped) this.result.stopped ??= other.stopped
    this.#onProgress?.(this.result)
  }
}
