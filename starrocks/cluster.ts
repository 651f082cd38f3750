import type { Address, AddressMap } from './address-map.ts'
import { StarRocksError, TimedOutError } from './errors/starrocks-error.ts'
import type { ResultSet, Row } from './row.ts'
import { Connection, type StatementOptions, type TlsOptions } from './session/connection.ts'
import { confirmLeader, findLeader, type Leader } from './session/leader.ts'
import { ConnectionPool } from './session/pool.ts'
import { isRead, type StatementEvent, statementKind } from './session/statement.ts'
import {
  type Backend,
  type ComputeNode,
  type Frontend,
  readBackends,
  readComputeNodes,
  readFrontends,
} from './show/nodes.ts'

export interface ClusterOptions {
  /** How the configuration calls it; only for messages and metrics. */
  name: string
  /** Query ports of some frontends; the rest are learnt. */
  frontends: readonly Address[]
  user: string
  password: string
  tls?: TlsOptions
  /** 30 000 */
  connectTimeoutMs?: number
  /** How long a statement may take: 60 000. */
  socketTimeoutMs?: number
  /** 4: more connections give a frontend work, not speed. */
  poolSize?: number
  /** How the addresses that this cluster prints are reached from here. */
  addressMap?: AddressMap
  onStatement?: (event: StatementEvent) => void
  /** How long the leader is believed before it is asked again: 10 000. */
  leaderTtlMs?: number
}

interface Session {
  leader: Leader
  pool: ConnectionPool
  confirmedAt: number
}

/**
 * A StarRocks cluster over MySQL's text protocol, always on the leader: SHOW PARTITIONS and others answer from the connected frontend, and
 * followers lag. The leader is found by SHOW FRONTENDS, remembered, asked again every `leaderTtlMs`, and looked for anew when a connection
 * is lost or a frontend says that it is not the leader. Reads are sent again once by themselves; nothing else is.
 */
export class StarRocksCluster {
  readonly name: string
  readonly options: Readonly<ClusterOptions>
  #session: Session | undefined
  #finding: Promise<Session> | undefined
  #known: Address[] = []
  #closed = false

  constructor(options: ClusterOptions) {
    if (options.frontends.length === 0) {
      throw new StarRocksError({
        kind: 'Refused',
        detail: `Cluster ${options.name} has no frontends`,
        remedy: 'Give at least one host and query port',
      })
    }
    this.name = options.name
    this.options = options
  }

  /** Runs a statement on the leader. Every cell is text or null. Errors: `StarRocksError`; the signal's reason when aborted. */
  query(sql: string, options: StatementOptions = {}): Promise<ResultSet> {
    return this.#measured(sql, () =>
      this.#onLeader(isRead(sql), options, (connection) =>
        this.#run(connection, sql, { timeoutMs: this.#statementTimeout, ...options }),
      ),
    )
  }

  /** Runs a statement whose answer does not matter. */
  async execute(sql: string, options: StatementOptions = {}): Promise<void> {
    await this.query(sql, options)
  }

  /** Runs a read and hands out its rows one by one, in constant memory. Not repeated when the connection is lost. */
  async *stream(sql: string, options: StatementOptions = {}): AsyncGenerator<Row> {
    for await (const batch of this.batches(sql, options)) {
      for (const row of batch) {
        yield row
        // Whoever reads on is told why there is no more.
        if (options.signal?.aborted) break
      }
    }
  }

  /** The same, for very many rows: all that have come in at a time. */
  async *batches(sql: string, options: StatementOptions = {}): AsyncGenerator<Row[]> {
    const started = performance.now()
    let failure: unknown
    const { session, connection } = await this.#acquire(options)
    try {
      yield* connection.batches(sql, { timeoutMs: this.#statementTimeout, ...options })
    } catch (error) {
      failure = error
      this.#learn(session, error)
      throw error
    } finally {
      session.pool.release(connection)
      this.#report(sql, started, failure)
    }
  }

  /** The leader, its addresses mapped. */
  async leader(): Promise<Frontend> {
    return (await this.#current()).leader.leader
  }

  /** All frontends (SHOW FRONTENDS), their addresses mapped. */
  async frontends(options?: StatementOptions): Promise<Frontend[]> {
    const { rows } = await this.query('SHOW FRONTENDS', options)
    return readFrontends(rows, this.options.addressMap, this.#session?.leader.address)
  }

  /** SHOW BACKENDS. */
  async backends(): Promise<Backend[]> {
    return readBackends((await this.query('SHOW BACKENDS')).rows)
  }

  /** SHOW COMPUTE NODES; empty where the statement does not exist. */
  async computeNodes(): Promise<ComputeNode[]> {
    try {
      return readComputeNodes((await this.query('SHOW COMPUTE NODES')).rows)
    } catch (error) {
      if (error instanceof StarRocksError && error.kind === 'Syntax') return []
      throw error
    }
  }

  /** Forgets the leader; the next statement looks for it anew. For those who saw symptoms elsewhere (thrift, HTTP). */
  forgetLeader(): void {
    this.#session?.pool.close()
    this.#session = undefined
  }

  /** Closes all connections; running statements fail. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#finding?.catch(() => undefined)
    this.#session?.pool.destroy()
    this.#session = undefined
  }

  async #run(connection: Connection, sql: string, options: StatementOptions): Promise<ResultSet> {
    const { variables, signal } = options
    if (!variables) return connection.run(sql, options)
    try {
      const assignments = Object.entries(variables).map(([name, value]) => `${name} = ${value}`)
      if (assignments.length > 0)
        await connection.run(`SET ${assignments.join(', ')}`, { signal, timeoutMs: this.#statementTimeout })
      return await connection.run(sql, options)
    } finally {
      // Nobody else is to get a session with these.
      connection.destroy()
    }
  }

  get #statementTimeout(): number {
    return this.options.socketTimeoutMs ?? 60_000
  }

  async #onLeader<T>(
    read: boolean,
    options: StatementOptions,
    act: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    // A long one may still run where its connection was lost.
    for (let again = read && !options.long; ; again = false) {
      const { session, connection } = await this.#acquire(options, !read)
      try {
        return await act(connection)
      } catch (error) {
        const elsewhere = this.#learn(session, error)
        if (!elsewhere || !again || error instanceof TimedOutError) throw error
      } finally {
        session.pool.release(connection)
      }
    }
  }

  /**
   * A connection to the leader. `proven`: one that has just answered – what changes something must not go into a connection that died
   * while it was idle, for then nobody would know whether it took effect.
   */
  async #acquire(options: StatementOptions, proven = false): Promise<{ session: Session; connection: Connection }> {
    const session = await this.#current(options.signal)
    try {
      return { session, connection: await this.#take(session, options, proven) }
    } catch (error) {
      // Not a byte of the statement was sent: whatever it is, it may go to the next leader.
      if (!this.#learn(session, error)) throw error
      const next = await this.#current(options.signal)
      return { session: next, connection: await this.#take(next, options, proven) }
    }
  }

  async #take({ pool }: Session, { signal, urgent, long }: StatementOptions, proven: boolean): Promise<Connection> {
    for (;;) {
      const connection = await pool.acquire(signal, { urgent, long })
      if (!proven) return connection
      let alive = false
      try {
        alive = await connection.answers({ signal, timeoutMs: this.#statementTimeout })
        if (alive) return connection
      } finally {
        if (!alive) pool.release(connection)
      }
    }
  }

  /** Forgets the leader when the error says that it may be another one. Whether it did. */
  #learn(session: Session, error: unknown): boolean {
    if (!(error instanceof StarRocksError)) return false
    if (error.kind !== 'Unreachable' && error.kind !== 'OutcomeUnknown' && error.kind !== 'NotLeader') return false
    if (this.#session === session) this.forgetLeader()
    return true
  }

  async #current(signal?: AbortSignal): Promise<Session> {
    if (this.#closed) throw this.#closedError()
    const session = this.#session
    if (session && performance.now() - session.confirmedAt < (this.options.leaderTtlMs ?? 10_000)) return session
    this.#finding ??= this.#renew(session).finally(() => {
      this.#finding = undefined
    })
    return raced(this.#finding, signal)
  }

  async #renew(last: Session | undefined): Promise<Session> {
    if (last && (await this.#confirm(last))) return last
    this.forgetLeader()
    const open = (address: Address) => this.#open(address)
    const candidates = [...(last ? [last.leader.address] : []), ...this.options.frontends, ...this.#known]
    const leader = await findLeader(candidates, open, this.options.addressMap)
    this.#known = leader.frontends.map((frontend) => ({ host: frontend.host, port: frontend.queryPort }))
    const pool = new ConnectionPool(
      (signal) => this.#open(leader.address, signal),
      this.options.poolSize ?? 4,
      leader.connection,
    )
    this.#session = { leader, pool, confirmedAt: performance.now() }
    return this.#session
  }

  /** Asks the last leader whether it still is, over one of its own connections. */
  async #confirm(session: Session): Promise<boolean> {
    try {
      const connection = await session.pool.acquire(undefined, { urgent: true })
      try {
        const { rows } = await connection.run('SHOW FRONTENDS', { timeoutMs: this.#statementTimeout })
        const leader = confirmLeader(rows, this.options.addressMap, session.leader.address)
        if (!leader) return false
        session.leader = { ...session.leader, ...leader }
        session.confirmedAt = performance.now()
        return true
      } finally {
        session.pool.release(connection)
      }
    } catch (error) {
      if (error instanceof StarRocksError) return false
      throw error
    }
  }

  #open(address: Address, signal?: AbortSignal): Promise<Connection> {
    const { user, password, tls, connectTimeoutMs = 30_000 } = this.options
    return Connection.open({ ...address, user, password, tls, connectTimeoutMs }, signal)
  }

  async #measured<T>(sql: string, act: () => Promise<T>): Promise<T> {
    const started = performance.now()
    try {
      const result = await act()
      this.#report(sql, started)
      return result
    } catch (error) {
      this.#report(sql, started, error)
      throw error
    }
  }

  #report(sql: string, started: number, failure?: unknown): void {
    this.options.onStatement?.({
      cluster: this.name,
      kind: statementKind(sql),
      ms: performance.now() - started,
      ok: failure === undefined,
      ...(failure === undefined ? {} : { error: failure instanceof StarRocksError ? failure.kind : 'Cancelled' }),
    })
  }

  #closedError(): StarRocksError {
    return new StarRocksError({ kind: 'Unreachable', detail: `The sessions with cluster ${this.name} are closed` })
  }
}

/** Others may wait for the same promise: aborting one waiter must not abort what it waits for. */
function raced<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  signal.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
