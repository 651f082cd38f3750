/** A digest of a bag of texts: the same for every order, different (but for a chance of one in 2^64) for other texts or another number of them. */
export class TextDigest {
  #count = 0
  #high = 0
  #low = 0

  add(text: string): void {
    let a = 0x9e3779b9
    let b = 0x85ebca6b
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    this.#count++
    this.#high = (this.#high + a) | 0
    this.#low = (this.#low + b) | 0
  }

  toString(): string {
    return `${this.#count}:${this.#high.toString(36)}:${this.#low.toString(36)}`
  }
}
