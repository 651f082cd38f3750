import mysql from 'mysql2'
import { classify } from '../errors/classify.ts'
import { UnreachableError } from '../errors/starrocks-error.ts'
import { ColumnIndex, type ResultSet, Row, resultSet } from '../row.ts'
import { isLostConnection, lostConnection, timedOut } from './failure.ts'
import { isRead } from './statement.ts'

export interface TlsOptions {
  /** PEM text of the authority that signed the frontends' certificates. */
  ca?: string
  cert?: string
  key?: string
  rejectUnauthorized?: boolean
}

export interface ConnectionOptions {
  host: string
  port: number
  user: string
  password: string
  tls?: TlsOptions
  connectTimeoutMs: number
}

export interface StatementOptions {
  /** Ends the statement when aborted; the connection is closed with it. */
  signal?: AbortSignal
  /** How long the whole statement may take (a stream: how long between two rows). */
  timeoutMs?: number
  /** Gets the next connection that is free, before all who wait for one: for what many others wait for. */
  urgent?: boolean
  /** May take minutes or hours: never gets one of the last connections, so that whatever is short goes on meanwhile. */
  long?: boolean
  /** Session variables of this statement: set on its connection before it, which is closed after it. */
  variables?: Readonly<Record<string, number>>
}

type Cells = (string | null)[]

/** So many rows may wait to be looked at before no more are read from the socket. */
const MOST_ROWS = 2_048

/** One session with one frontend: text protocol, every cell as text. */
export class Connection {
  readonly host: string
  readonly port: number
  readonly #raw: mysql.Connection
  #dead = false

  private constructor(raw: mysql.Connection, options: ConnectionOptions) {
    this.#raw = raw
    this.host = options.host
    this.port = options.port
    const died = () => {
      this.#dead = true
    }
    raw.on('error', died)
    raw.on('end', died)
  }

  /**
   * Connects, logs in and activates all of the user's roles (StarRocks ≥ 3.0 grants a session only the default ones).
   * Errors: `Unreachable` (address, time-out, TLS), `Denied` (user or password).
   */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted()
    const raw = mysql.createConnection({
      host: options.host,
      port: options.port,
      user: options.user,
      password: options.password,
      ssl: options.tls ? { rejectUnauthorized: true, ...options.tls } : undefined,
      connectTimeout: options.connectTimeoutMs,
      charset: 'utf8mb4',
      multipleStatements: false,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      enableKeepAlive: true,
      rowsAsArray: true,
      // Numeric columns are marked binary; their text is ASCII, and names are UTF-8: one decoding fits all.
      typeCast: (field) => field.string('utf8'),
    })
    const connection = new Connection(raw, options)
    await connection.#settled<void>(
      { signal, timeoutMs: options.connectTimeoutMs },
      true,
      (done) => raw.connect((error) => done(error)),
      'log in',
    )
    try {
      await connection.run('SET ROLE ALL', { signal, timeoutMs: options.connectTimeoutMs })
    } catch (error) {
      // Before 3.0 there are no roles, and some users have none: both are fine. A connection that is gone is not.
      if (connection.dead)
        throw new UnreachableError(`Lost the connection to ${connection.address} right after login`, undefined, error)
      signal?.throwIfAborted()
    }
    return connection
  }

  get address(): string {
    return `${this.host}:${this.port}`
  }

  get dead(): boolean {
    return this.#dead
  }

  /** Runs one statement. Errors: `Unreachable` when a read was lost, `OutcomeUnknown` when anything else was, else what `classify` says. */
  run(sql: string, options: StatementOptions = {}): Promise<ResultSet> {
    return this.#settled<ResultSet>(options, isRead(sql), (done) => {
      this.#raw.query({ sql, rowsAsArray: true }, (error, rows, fields) => {
        if (error) return done(error)
        if (!Array.isArray(rows)) return done(null, resultSet([], [], rows.affectedRows ?? 0))
        // mysql2's row types know nothing of typeCast; with ours every cell is text or null.
        const cells = rows as unknown as Cells[]
        done(
          null,
          resultSet(
            (fields ?? []).map((field) => field.name),
            cells,
          ),
        )
      })
    })
  }

  /** Whether the frontend still answers on this connection. */
  async answers(options: StatementOptions = {}): Promise<boolean> {
    try {
      await this.#settled<void>(options, true, (done) => this.#raw.ping((error) => done(error)))
      return true
    } catch {
      options.signal?.throwIfAborted()
      this.destroy()
      return false
    }
  }

  /**
   * Runs a read and hands out its rows as they come in, as many at a time as have come, in constant memory. Ending early closes the connection.
   * What an answer of hundreds of thousands of rows costs per row is kept low: no stream of objects is between the driver and the reader.
   */
  async *batches(sql: string, options: StatementOptions = {}): AsyncGenerator<Row[]> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    let index = new ColumnIndex([])
    let rows: Row[] = []
    let paused = false
    let ended = false
    let finished = false
    let failure: Error | undefined
    let left = false
    let wake = () => {}
    const fail = (error: Error) => {
      if (!ended) failure ??= error
      wake()
    }
    const abort = () => wake()
    // A connection that dies between two rows does not tell the statement.
    const lost = () => fail(new Error('Connection lost: The server closed the connection.'))
    signal?.addEventListener('abort', abort, { once: true })
    this.#raw.once('end', lost)
    this.#raw.once('error', fail)
    try {
      const command = this.#raw.query({ sql, rowsAsArray: true })
      command.on('fields', (fields: mysql.FieldPacket[] | undefined) => {
        index = new ColumnIndex((fields ?? []).map((field) => field.name))
      })
      command.on('result', (cells) => {
        // Of statements without rows it is a summary.
        if (left || !Array.isArray(cells)) return
        // mysql2's row types know nothing of typeCast; with ours every cell is text or null.
        rows.push(new Row(index, cells as unknown as Cells))
        if (rows.length >= MOST_ROWS && !paused) {
          paused = true
          this.#raw.pause()
        }
        wake()
      })
      command.on('error', fail)
      command.on('end', () => {
        ended = true
        wake()
      })
      for (;;) {
        if (rows.length === 0 && !ended && !failure) {
          const silent = await new Promise<boolean>((resolve) => {
            const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve(true), timeoutMs)
            wake = () => {
              clearTimeout(timer)
              resolve(false)
            }
            if (signal?.aborted) wake()
          })
          wake = () => {}
          if (silent) throw timedOut(this.address, timeoutMs, true)
        }
        signal?.throwIfAborted()
        if (failure) throw isLostConnection(failure) ? lostConnection(this.address, true, failure) : classify(failure)
        if (rows.length === 0) {
          if (ended) break
          continue
        }
        const batch = rows
        rows = []
        // More may come in while these are looked at.
        if (paused) {
          paused = false
          this.#raw.resume()
        }
        yield batch
      }
      finished = true
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#raw.off('end', lost)
      this.#raw.off('error', fail)
      // Unread rows would be taken for the next statement's answer.
      if (!finished) {
        left = true
        this.destroy()
        // What still comes is read and dropped: the socket closes only after it.
        if (paused) this.#raw.resume()
      }
    }
  }

  destroy(): void {
    this.#dead = true
    this.#raw.destroy()
  }

  #settled<T>(
    options: StatementOptions,
    harmless: boolean,
    start: (done: (error: Error | null, value?: T) => void) => void,
    doing?: string,
  ): Promise<T> {
    const { signal, timeoutMs } = options
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const finish = (act: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        act()
      }
      const abort = () => {
        this.destroy()
        finish(() => reject(signal?.reason))
      }
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              this.destroy()
              finish(() => reject(timedOut(this.address, timeoutMs, harmless, doing)))
            }, timeoutMs)
      signal?.addEventListener('abort', abort, { once: true })
      start((error, value) =>
        finish(() => {
          if (!error) return resolve(value as T)
          if (isLostConnection(error)) {
            this.destroy()
            return reject(lostConnection(this.address, harmless, error, doing))
          }
          if ((error as { fatal?: boolean }).fatal) this.destroy()
          reject(classify(error))
        }),
      )
    })
  }
}
