import { UnreachableError } from '../errors/starrocks-error.ts'
import type { Connection } from './connection.ts'

interface Waiter {
  resolve: (connection: Connection) => void
  reject: (error: unknown) => void
}

/** A few connections to one frontend. Never opens more than `size`; those who wait are served in order. */
export class ConnectionPool {
  readonly #open: (signal?: AbortSignal) => Promise<Connection>
  readonly #size: number
  readonly #idle: Connection[] = []
  readonly #busy = new Set<Connection>()
  readonly #waiters: Waiter[] = []
  #opening = 0
  #closed = false

  constructor(open: (signal?: AbortSignal) => Promise<Connection>, size: number, first?: Connection) {
    this.#open = open
    this.#size = Math.max(1, size)
    if (first) this.#idle.push(first)
  }

  /**
   * A connection for one statement; give it back with `release`. `urgent`: before all who wait for one.
   * Errors: those of opening one; `signal`'s reason.
   */
  async acquire(signal?: AbortSignal, urgent = false): Promise<Connection> {
    signal?.throwIfAborted()
    if (this.#closed) throw new UnreachableError('This frontend is no longer used')
    const idle = this.#takeIdle()
    if (idle) return idle
    if (this.#busy.size + this.#opening < this.#size) return this.#openOne(signal)
    return new Promise<Connection>((resolve, reject) => {
      let settled = false
      const settle = (act: () => void) => {
        settled = true
        signal?.removeEventListener('abort', abort)
        act()
      }
      const waiter: Waiter = {
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
    for (const connection of this.#busy) connection.destroy()
  }

  #takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.dead) continue
      this.#busy.add(connection)
      return connection
    }
    return undefined
  }

  async #openOne(signal?: AbortSignal): Promise<Connection> {
    this.#opening++
    try {
      const connection = await this.#open(signal)
      if (this.#closed) {
        connection.destroy()
        throw new UnreachableError('This frontend is no longer used')
      }
      this.#busy.add(connection)
      return connection
    } catch (error) {
      // The place that is free again may be what somebody waits for.
      queueMicrotask(() => this.#serveWaiters())
      throw error
    } finally {
      this.#opening--
    }
  }

  #serveWaiters(): void {
    while (this.#waiters.length > 0) {
      const idle = this.#takeIdle()
      if (idle) {
        this.#waiters.shift()?.resolve(idle)
        continue
      }
      if (this.#busy.size + this.#opening >= this.#size) return
      const waiter = this.#waiters.shift()
      if (waiter) this.#openOne().then(waiter.resolve, waiter.reject)
    }
  }
}
