/**
 * What time it is where the objects lie, told by the Date header of its answers. Between them this process's monotonic clock goes on: the wall
 * clock of this machine, which may be wrong or be set, is never asked.
 */
export class ServerClock {
  #date: number | undefined
  #at = 0

  /** A Date header, or none. */
  heard(header: string | undefined): void {
    const date = header === undefined ? Number.NaN : Date.parse(header)
    if (Number.isNaN(date)) return
    this.#date = date
    this.#at = performance.now()
  }

  /** Undefined when nothing was heard within the last so many milliseconds. */
  now(withinMs = 60_000): Date | undefined {
    const passed = performance.now() - this.#at
    if (this.#date === undefined || passed > withinMs) return undefined
    return new Date(this.#date + passed)
  }
}
