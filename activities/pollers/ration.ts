/** Spreads statements of which there is one for each of many things: so many a second, whatever the number of things. */
export class Ration {
  readonly #perSecond: number
  readonly #atLeast: number
  #lastMs: number | undefined

  /** `atLeast`: of each choice, however soon it comes after the last. */
  constructor(perSecond: number, atLeast: number) {
    this.#perSecond = perSecond
    this.#atLeast = atLeast
  }

  /** Which of these are to be read now: the oldest ones. Those that were never read – of infinite age – all are. */
  choose<T>(candidates: readonly T[], age: (one: T) => number, nowMs = performance.now()): T[] {
    const since = this.#lastMs === undefined ? 0 : (nowMs - this.#lastMs) / 1000
    this.#lastMs = nowMs
    const never = candidates.filter((one) => age(one) === Number.POSITIVE_INFINITY)
    const most = Math.max(this.#atLeast, Math.round(Math.min(since, 300) * this.#perSecond))
    const oldest = candidates
      .filter((one) => age(one) !== Number.POSITIVE_INFINITY)
      .map((one) => ({ one, age: age(one) }))
      .sort((a, b) => b.age - a.age)
      .slice(0, Math.max(0, most - never.length))
    return [...never, ...oldest.map(({ one }) => one)]
  }
}
