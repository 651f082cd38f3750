/** Rounds that tell what one costs the answerer. Any of them may have waited in a queue of ours; the shortest did so least. */
const ROUNDS = 5

/**
 * One question that many ask: whoever wants a fresh answer gets one that was asked for after they did, and all who wait share it. Two rounds
 * are never closer together than the shortest gap that one of the waiting asks for, nor than ten times what a round takes the answerer – the
 * shortest of the last few – so a poller takes at most a tenth of the answerer's time, however slow it is.
 */
export class SingleFlight<T> {
  readonly #ask: () => Promise<T>
  #next: { promise: Promise<T>; start: () => void; at: number } | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastStart = Number.NEGATIVE_INFINITY
  /** How long the last rounds took that were answered, the newest last. */
  readonly #took: number[] = []
  /** How long the last round took, when it failed: those before it say nothing of what the next one will. */
  #failedAfter: number | undefined
  #last: { at: number; value: T } | undefined
  #forgotten = false

  constructor(ask: () => Promise<T>) {
    this.#ask = ask
  }

  /** An answer to a question asked from now on, at the earliest `gapMs` after the former one. */
  fresh(gapMs: number): Promise<T> {
    const at = Math.max(performance.now(), this.#lastStart + Math.max(gapMs, Math.min(this.#cost() * 10, 10_000)))
    this.#next ??= this.#prepare()
    if (at < this.#next.at) {
      this.#next.at = at
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#next.start, Math.max(0, at - performance.now()))
    }
    return this.#next.promise
  }

  /** The last answer if it is no older, else a fresh one. Who takes one of any age gets the last one also when it was forgotten. */
  recent(maxAgeMs: number): Promise<T> {
    const usable = this.#last && (!this.#forgotten || maxAgeMs === Number.POSITIVE_INFINITY)
    if (this.#last && usable && performance.now() - this.#last.at <= maxAgeMs) return Promise.resolve(this.#last.value)
    return this.fresh(0)
  }

  /** Milliseconds since the last answer was asked for; infinite when there is none. */
  age(): number {
    return this.#last ? performance.now() - this.#last.at : Number.POSITIVE_INFINITY
  }

  /** The last answer, however old. */
  latest(): T | undefined {
    return this.#last?.value
  }

  /** The next who asks gets a fresh answer. */
  forget(): void {
    this.#forgotten = true
  }

  #cost(): number {
    return this.#failedAfter ?? (this.#took.length > 0 ? Math.min(...this.#took) : 0)
  }

  #prepare() {
    let start = () => {}
    const promise = new Promise<T>((resolve, reject) => {
      start = () => {
        // From here on, who asks needs another round.
        this.#next = undefined
        const started = performance.now()
        this.#lastStart = started
        this.#forgotten = false
        this.#ask().then(
          (value) => {
            this.#failedAfter = undefined
            this.#took.push(performance.now() - started)
            if (this.#took.length > ROUNDS) this.#took.shift()
            this.#last = { at: started, value }
            resolve(value)
          },
          (error) => {
            this.#failedAfter = performance.now() - started
            reject(error)
          },
        )
      }
    })
    // Everyone who waits handles it; nobody waiting is no reason to end the process.
    promise.catch(() => undefined)
    return { promise, start, at: Number.POSITIVE_INFINITY }
  }
}
