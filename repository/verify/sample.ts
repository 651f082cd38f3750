/** So many of a stream of unknown length, each with the same chance (reservoir sampling). */
export class Sample<T> {
  readonly items: T[] = []
  readonly #size: number
  readonly #random: () => number
  #seen = 0

  constructor(size: number, random: () => number = Math.random) {
    this.#size = size
    this.#random = random
  }

  offer(item: T): void {
    this.#seen++
    if (this.items.length < this.#size) this.items.push(item)
    else {
      const at = Math.floor(this.#random() * this.#seen)
      if (at < this.#size) this.items[at] = item
    }
  }
}
