import { UnreachableError } from '../errors/starrocks-error.ts'
import type { Connection } from './connection.ts'

export interface Acquiring {
  /** Before all who wait for one. */
  urgent?: boolean
  /** It will be held for minutes or hours: never one of the last, so that short statements go on. */
  long?: boolean
}

interface Waiter {
  long: boolean
  resolve: (connection: Connection) => void
  reject: (error: unknown) => void
}

/**
 * A few connections to one frontend. Never opens more than `size`; those who wait are served in order. Long statements have all but one of them at most; where
 * there is only one, a second is opened for them.
 */
export class ConnectionPool {
  readonly #open: (signal?: AbortSignal) => Promise<Connection>
  readonly #size: number
  readonly #idle: Connection[] = []
  /** Lent, and whether for long. */
  readonly #busy = new Map<Connection, boolean>()
  readonly #waiters: Waiter[] = []
  /** Short and long ones that are being opened. */
  readonly #opening = { short: 0, long: 0 }
  #closed = false

  constructor(open: (signal?: AbortSignal) => Promise<Connection>, size: number, first?: Connection) {
    this.#open = open
    this.#size = Math.max(1, size)
    if (first) this.#idle.push(first)
  }

  /**
   * A connection for one statement; give it back with `release`. Errors: those of opening one; `signal`'s reason.
   */
  async acquire(signal?: AbortSignal, { urgent = false, long = false }: Acquiring = {}): Promise<Connection> {
    signal?.throwIfAborted()
    if (this.#closed) throw new UnreachableError('This frontend is no longer used')
    if (this.#mayHave(long)) {
      const idle = this.#takeIdle(long)
      if (idle) return idle
      return this.#openOne(long, signal)
    }
    return new Promise<Connection>((resolve, reject) => {
      let settled = false
      const settle = (act: () => void) => {
        settled = true
        signal?.removeEventListener('abort', abort)
        act()
      }
      const waiter: Waiter = {
        long,
        // Between being taken off the list and being served a new connection, a waiter may have gone away.
        resolve: (connection) => (settled ? this.release(connection) : settle(() => resolve(connection))),
        reject: (error) => settle(() => reject(error)),
      }
      const abort = () => {
        const place = this.#waiters.indexOf(waiter)
        if (place >= 0) this.#waiters.splice(place, 1)
        waiter.reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (urgent) this.#waiters.unshift(waiter)
      else this.#waiters.push(waiter)
    })
  }

  release(connection: Connection): void {
    this.#busy.delete(connection)
    if (this.#closed) connection.destroy()
    else if (!connection.dead) this.#idle.push(connection)
    this.#serveWaiters()
  }

  /** Closes idle connections now and busy ones when they come back. Those who wait get `Unreachable` and look for another frontend. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new UnreachableError('This frontend is no longer used'))
  }

  /** Closes everything at once; running statements fail. */
  destroy(): void {
    this.close()
    for (const connection of this.#busy.keys()) connection.destroy()
  }

  /** Whether one more may be lent now. */
  #mayHave(long: boolean): boolean {
    const lentLong = [...this.#busy.values()].filter(Boolean).length + this.#opening.long
    const lent = this.#busy.size + this.#opening.short + this.#opening.long
    if (lent >= Math.max(this.#size, 2)) return false
    return long ? lentLong < Math.max(this.#size - 1, 1) : lent - lentLong < this.#size
  }

  #takeIdle(long: boolean): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.dead) continue
      this.#busy.set(connection, long)
      return connection
    }
    return undefined
  }

  async #openOne(long: boolean, signal?: AbortSignal): Promise<Connection> {
    const kind = long ? 'long' : 'short'
    this.#opening[kind]++
    try {
      const connection = await this.#open(signal)
      if (this.#closed) {
        connection.destroy()
        throw new UnreachableError('This frontend is no longer used')
      }
      this.#busy.set(connection, long)
      return connection
    } catch (error) {
      // The place that is free again may be what somebody waits for.
      queueMicrotask(() => this.#serveWaiters())
      throw error
    } finally {
      this.#opening[kind]--
    }
  }

  #serveWaiters(): void {
    for (;;) {
      const place = this.#waiters.findIndex(({ long }) => this.#mayHave(long))
      const [waiter] = place < 0 ? [] : this.#waiters.splice(place, 1)
      if (!waiter) return
      const idle = this.#takeIdle(waiter.long)
      if (idle) waiter.resolve(idle)
      else this.#openOne(waiter.long).then(waiter.resolve, waiter.reject)
    }
  }
}
