import type { StoredObject } from '../object-store.ts'
import { StorageError } from '../storage-error.ts'
import type { OwnObjects } from './own-objects.ts'

export interface ReadRecord<T> {
  /** Relative to starferry's directory. */
  key: string
  object: StoredObject
  /** Absent when it could not be read; then `problem` says why. */
  value?: T
  problem?: string
}

export interface RecordReaderOptions<T> {
  /** What of a record is kept; all of it unless given. Throws for what is no record. */
  pick?: (json: unknown, object: StoredObject) => T
  /** Bytes that a picked value takes in memory, about; the length of the record's text unless given. */
  cost?: (value: T) => number
  /** Of all that is kept in memory. */
  maxBytes?: number
  /** Records fetched at once. */
  parallel?: number
}

interface Kept<T> {
  etag: string
  value: T
  cost: number
}

const MAX_BYTES = 64 * 1024 * 1024
const PARALLEL = 48

/**
 * Reads the JSON objects below a prefix, many at once. They never change once written, so what was read is kept, by key and etag, as far as the
 * memory allows; what was not used for the longest time goes first.
 */
export class RecordReader<T = unknown> {
  readonly #own: OwnObjects
  readonly #pick: (json: unknown, object: StoredObject) => T
  readonly #cost: ((value: T) => number) | undefined
  readonly #maxBytes: number
  readonly #parallel: number
  /** In the order of use: a Map keeps the order of insertion. */
  readonly #kept = new Map<string, Kept<T>>()
  #bytes = 0

  constructor(own: OwnObjects, options: RecordReaderOptions<T> = {}) {
    this.#own = own
    this.#pick = options.pick ?? ((json) => json as T)
    this.#cost = options.cost
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
    this.#parallel = options.parallel ?? PARALLEL
  }

  /** Bytes kept, by the costs. */
  get keptBytes(): number {
    return this.#bytes
  }

  /**
   * All records below a prefix, in the order of the listing. One that is damaged comes with its problem; one that is deleted meanwhile does not
   * come. Errors: StorageError where the store as a whole fails.
   */
  async *read(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ReadRecord<T>> {
    const window: Promise<ReadRecord<T> | undefined>[] = []
    try {
      for await (const object of this.#own.list(prefix, { signal })) {
        const one = this.#one(object, signal)
        // Its failure is met where it is awaited, in its turn.
        one.catch(() => {})
        window.push(one)
        if (window.length < this.#parallel) continue
        const record = await window.shift()
        if (record) yield record
      }
      for (let next = window.shift(); next; next = window.shift()) {
        const record = await next
        if (record) yield record
      }
    } finally {
      await Promise.allSettled(window)
    }
  }

  async #one(object: StoredObject, signal: AbortSignal | undefined): Promise<ReadRecord<T> | undefined> {
    const { key, etag } = object
    const kept = this.#kept.get(key)
    if (kept && kept.etag === etag) {
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return { key, object, value: kept.value }
    }
    try {
      const text = await this.#own.getText(key, { signal })
      if (text === undefined) return undefined
      const value = this.#pick(JSON.parse(text), object)
      if (etag !== undefined) this.#keep(key, { etag, value, cost: this.#cost?.(value) ?? text.length })
      return { key, object, value }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof StorageError && (error.concernsWholeStore || error.kind === 'Throttled')) throw error
      return { key, object, problem: error instanceof Error ? error.message : String(error) }
    }
  }

  #keep(key: string, kept: Kept<T>): void {
    this.#forget(key)
    if (kept.cost > this.#maxBytes) return
    this.#kept.set(key, kept)
    this.#bytes += kept.cost
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.cost ?? 0
    this.#kept.delete(key)
  }
}
