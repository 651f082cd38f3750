import type { AcceptedSnapshotJob, SnapshotManager } from './backup/index.ts'
import type { LabFaults } from './faults/faults.ts'
import type { LabDatabase, LabFrontend, LabPartition, LabRunMode, LabState, LabTable, LabVersion } from './model.ts'
import { ConnectionDropped, type MysqlConnection, MysqlServer } from './mysql/server.ts'
import { PartitionScheduler } from './partition-scheduler.ts'
import { labProfile } from './profiles/index.ts'
import type { ReplicationManager } from './replication/manager.ts'
import { LabServices } from './services.ts'
import { createAutomaticPartition } from './sql/automatic-partition.ts'
import type { LabResult, LabSession, LabSqlContext } from './sql/context.ts'
import { asksStorage, executeAny, executeStatement, useDatabase } from './sql/engine.ts'
import { failure, LabSqlError } from './sql/errors.ts'
import { hasPrivilege } from './sql/has-privilege.ts'
import { makeState } from './sql/make-state.ts'
import { parseViewQuery } from './sql/parse-view-query.ts'
import { timeoutError, timeoutOf } from './sql/query-timeout.ts'
import { queryRows } from './sql/run-select.ts'
import { userOfLogin } from './sql/user-identity.ts'

export interface LabClusterOptions {
  name: string
  version: LabVersion
  runMode?: LabRunMode
  /** Tablets hear of light changes of columns only when they are loaded, as on real backends; else at once. */
  lateSchemas?: boolean
  /** Backends, or compute nodes; 3. */
  nodes?: number
  /** 1. The first one leads. */
  frontends?: number
  rootPassword?: string
  /** How much faster than real replication goes; 1. */
  timeFactor?: number
  /** Seed of the faults' chances. */
  seed?: number
  host?: string
  /** Of the first frontend; 0 or nothing: any free port. */
  port?: { query?: number; http?: number; rpc?: number }
  /** Told of every statement that comes over a socket, before it is answered. */
  onStatement?: (sql: string) => void
}

export interface LabEndpoints {
  frontends: { host: string; queryPort: number; httpPort: number; rpcPort: number }[]
  backends: { host: string; bePort: number; httpPort: number }[]
}

/** A stand-in for one StarRocks cluster, in this process: MySQL, thrift and HTTP ports over one state. */
export class LabCluster {
  readonly state: LabState
  readonly #services: LabServices
  readonly #context: LabSqlContext
  /** The scheduler of dynamic partitions: tests run a round of it without waiting. */
  readonly partitionScheduler: PartitionScheduler
  readonly #mysql = new Map<number, MysqlServer>()
  readonly #root: LabSession
  readonly #local = new Map<string, LabSession>()
  readonly #onStatement: ((sql: string) => void) | undefined

  private constructor(options: LabClusterOptions) {
    const runMode = options.runMode ?? 'shared_nothing'
    const profile = labProfile(options.version, runMode)
    this.state = makeState(
      {
        name: options.name,
        version: options.version,
        runMode,
        nodes: options.nodes ?? 3,
        frontends: options.frontends ?? 1,
        host: options.host ?? '127.0.0.1',
        rootPassword: options.rootPassword ?? '',
        ports: { query: options.port?.query ?? 0, http: options.port?.http ?? 0, rpc: options.port?.rpc ?? 0 },
      },
      profile,
    )
    this.state.lateSchemas = options.lateSchemas
    this.#services = new LabServices(this.state, {
      timeFactor: options.timeFactor ?? 1,
      seed: options.seed ?? 1,
      createPartition: (db, table, values) => this.#createPartition(db, table, values),
      frontendDown: (position) => this.#closeMysql(position),
      frontendUp: (position) => this.#openMysql(position),
    })
    this.#context = {
      state: this.state,
      profile,
      snapshots: this.#services.snapshots,
      backendsAnswer: () => this.faults.backendsAnswer(),
      jobs: [],
      sessions: new Map(),
      globals: new Map(),
      queryView: (view, database) => {
        const session = { ...this.#root, database }
        return queryRows(this.#context, session, parseViewQuery(view.definition, profile.version))
      },
    }
    this.partitionScheduler = new PartitionScheduler(this.#context, options.timeFactor ?? 1)
    this.#root = this.#session(0, 'root', '127.0.0.1:0', 0)
    this.#onStatement = options.onStatement
  }

  /** Opens every port of the cluster. */
  static async start(options: LabClusterOptions): Promise<LabCluster> {
    const cluster = new LabCluster(options)
    try {
      await cluster.#services.start()
      for (let i = 0; i < cluster.state.frontends.length; i++) await cluster.#openMysql(i)
      cluster.partitionScheduler.start()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  get faults(): LabFaults {
    return this.#services.faults
  }

  get replication(): ReplicationManager {
    return this.#services.replication
  }

  /** Every replication request that was accepted, with the versions it asked for. */
  get sentJobs(): ReplicationManager['sentJobs'] {
    return this.#services.replication.sentJobs
  }

  get snapshots(): SnapshotManager {
    return this.#services.snapshots
  }

  /** Every BACKUP and RESTORE that was accepted, in order. */
  get backupJobs(): readonly AcceptedSnapshotJob[] {
    return this.#services.snapshots.accepted
  }

  get endpoints(): LabEndpoints {
    return {
      frontends: this.state.frontends.map(({ host, queryPort, httpPort, rpcPort }) => ({
        host,
        queryPort,
        httpPort,
        rpcPort,
      })),
      backends: this.state.nodes.map(({ host, bePort, httpPort }) => ({ host, bePort, httpPort })),
    }
  }

  /** Runs one statement as a user (root), without a socket; `USE` and `SET` last from one to the next. Throws LabSqlError. */
  execute(sql: string, user = 'root'): LabResult {
    if (asksStorage(sql)) throw new Error(`This statement waits for a repository's storage; it takes run(): ${sql}`)
    return executeStatement(this.#context, this.#localSession(user), sql)
  }

  /** As `execute`, for every statement: BACKUP, RESTORE, CREATE REPOSITORY and SHOW SNAPSHOT wait for storage. */
  run(sql: string, user = 'root'): Promise<LabResult> {
    return executeAny(this.#context, this.#localSession(user), sql)
  }

  #localSession(user: string): LabSession {
    const session = this.#local.get(user) ?? this.#session(this.#local.size, user, '127.0.0.1:0', 0)
    this.#local.set(user, session)
    return session
  }

  /** The automatic partition for a row's values, made as a backend asks for it in the course of a load. */
  createPartition(database: string, table: string, values: string[]): LabPartition {
    const db = this.state.databases.get(database)
    const found = db?.objects.get(table)
    if (!db || found?.kind !== 'table') throw new Error(`There is no table ${database}.${table}`)
    return this.#createPartition(db, found, values)
  }

  killFrontend(position: number): Promise<void> {
    return this.#services.killFrontend(position)
  }

  restartFrontend(position: number): Promise<void> {
    return this.#services.restartFrontend(position)
  }

  switchLeader(position: number): Promise<void> {
    return this.#services.switchLeader(position)
  }

  /** Closes every port. */
  async stop(): Promise<void> {
    this.partitionScheduler.stop()
    await Promise.all([...this.#mysql.keys()].map((position) => this.#closeMysql(position)))
    await this.#services.stop()
  }

  #createPartition(_db: LabDatabase, table: LabTable, values: string[]): LabPartition {
    return createAutomaticPartition(
      this.#context,
      table,
      values.map((value) => (value === 'NULL' && table.partitioning.kind === 'expression-range' ? null : value)),
      false,
    )
  }

  #session(id: number, user: string, host: string, position: number): LabSession {
    const found = userOfLogin(this.state, user, host.split(':')[0] ?? '')
    if (!found) throw new LabSqlError(1045, '28000', `Access denied for user '${user}' (using password: NO)`, 'show')
    return {
      id,
      user: found,
      variables: new Map(),
      connectedMs: this.state.now(),
      host,
      frontendId: this.state.frontends[position]?.id ?? 0n,
      has: (privilege, target) => hasPrivilege(this.state, found, privilege, target),
      refuses: (privilege) => this.faults.refusesPrivilege(user, privilege),
    }
  }

  #frontend(position: number): LabFrontend {
    const frontend = this.state.frontends[position]
    if (!frontend) throw new Error(`Cluster ${this.state.name} has no frontend ${position}`)
    return frontend
  }

  async #openMysql(position: number): Promise<void> {
    const frontend = this.#frontend(position)
    const { sessions } = this.#context
    const server = new MysqlServer({
      version: this.#context.profile.mysqlVersion,
      loginError: this.#context.profile.atLeast('3.3')
        ? { errno: 1045, sqlState: '28000' }
        : { errno: 1064, sqlState: 'HY000' },
      accept: async () => {
        if (this.faults.dropsConnection()) throw new ConnectionDropped()
      },
      passwordOf: (user) => userOfLogin(this.state, user, '127.0.0.1')?.password,
      login: (connection, user, database) => {
        const session = this.#session(connection.id, user, connection.host, position)
        if (database !== undefined && database !== '') useDatabase(this.#context, session, database)
        sessions.set(key(connection), session)
      },
      query: async (connection, sql) => {
        const session = sessions.get(key(connection))
        if (!session) throw new ConnectionDropped()
        session.running = { sql, sinceMs: this.state.now() }
        try {
          return await this.#query(position, session, sql)
        } finally {
          session.running = undefined
          if (connection.socket.destroyed) sessions.delete(key(connection))
        }
      },
      useDatabase: (connection, name) => {
        const session = sessions.get(key(connection))
        if (session) useDatabase(this.#context, session, name)
      },
      // A frontend reads nothing of a client while its statement runs: only then it finds that it has gone.
      closed: (connection) => {
        if (!sessions.get(key(connection))?.running) sessions.delete(key(connection))
      },
    })
    const key = (connection: MysqlConnection): number => position * 1_000_000_000 + connection.id
    frontend.queryPort = await server.listen(frontend.queryPort, frontend.host)
    this.#mysql.set(position, server)
  }

  async #closeMysql(position: number): Promise<void> {
    const server = this.#mysql.get(position)
    this.#mysql.delete(position)
    await server?.close()
  }

  async #query(position: number, session: LabSession, sql: string): Promise<LabResult> {
    this.#onStatement?.(sql)
    const { delayMs, drop } = this.faults.beforeStatement(sql)
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (drop) throw new ConnectionDropped()
    const text = this.faults.failsQuery(sql)
    if (text !== undefined) throw failure(text)
    const limit = timeoutOf(this.#context, session, sql)
    if (this.faults.queryTakes(sql) > limit.seconds) throw timeoutError(sql, limit)
    // A frontend that lags behind answers questions from what it knows; changes go to the leader all the same.
    const reads = /^\s*(SHOW|DESC|DESCRIBE|SELECT|EXPLAIN)\b/i.test(sql)
    const state = reads ? this.faults.stateOf(position) : this.state
    const result = await executeAny(state === this.state ? this.#context : { ...this.#context, state }, session, sql)
    if (this.faults.losesAnswer(sql)) throw new ConnectionDropped()
    return result
  }
}
