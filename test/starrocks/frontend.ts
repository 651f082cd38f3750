import { createHash } from 'node:crypto'
import type { AddressInfo, Server, Socket } from 'node:net'
import mysql from 'mysql2'

type Cell = string | null

export interface Reply {
  columns: string[]
  rows: Cell[][]
  /** Called before each row but the first `after`; the answer goes on when it resolves. */
  pause?: { after: number; until: Promise<void> }
}

export type Handler = (
  sql: string,
  session: Session,
) => Reply | 'ok' | 'drop' | 'silence' | Error | Promise<Reply | 'ok' | 'drop'>

export interface Session {
  connection: mysql.Connection
  socket: Socket
}

/** mysql2's server, whose types tell neither that it needs no handler nor that a net.Server is inside. */
interface MysqlServer {
  on(event: 'connection', listener: (connection: mysql.Connection) => void): void
  _server: Server
}

function createServer(): MysqlServer {
  return mysql.createServer(() => undefined) as unknown as MysqlServer
}

interface Login {
  user: string
  authPluginData1: Buffer
  authPluginData2: Buffer
  authToken: Buffer
}

/** A frontend's MySQL port: a real server that answers what the test says. */
export class Frontend {
  readonly statements: string[] = []
  readonly #server = createServer()
  readonly #sockets = new Set<Socket>()
  readonly #handler: Handler
  readonly #password: string
  port = 0
  logins = 0
  refused = 0
  /** The most connections that were open at the same time. */
  most = 0

  constructor(handler: Handler, password = 'secret-password') {
    this.#handler = handler
    this.#password = password
    this.#server.on('connection', (connection: mysql.Connection) => this.#serve(connection))
  }

  static async start(handler: Handler, password?: string): Promise<Frontend> {
    const frontend = new Frontend(handler, password)
    await new Promise<void>((resolve) => {
      frontend.#server._server.once('listening', resolve)
      frontend.#server._server.listen(0, '127.0.0.1')
    })
    frontend.port = (frontend.#server._server.address() as AddressInfo).port
    return frontend
  }

  get address() {
    return { host: '127.0.0.1', port: this.port }
  }

  get open(): number {
    return this.#sockets.size
  }

  /** Breaks all connections; new ones are still taken. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Dies. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server._server.close(() => resolve()))
    this.drop()
    await closed
  }

  #serve(connection: mysql.Connection): void {
    const socket = (connection as unknown as { stream: Socket }).stream
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    this.most = Math.max(this.most, this.#sockets.size)
    socket.on('close', () => this.#sockets.delete(socket))
    // A client that went away is nothing to a server.
    connection.on('error', () => undefined)
    socket.on('error', () => undefined)
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '5.1.0',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xf7ff,
      authCallback: (login: Login, done: (error: unknown, refusal?: { message: string; code: number }) => void) => {
        if (this.#knows(login)) {
          this.logins++
          done(null)
          return newSequence(connection)
        }
        this.refused++
        done(null, { message: `Access denied for user '${login.user}' (using password: YES)`, code: 1045 })
      },
    })
    const session = { connection, socket }
    const answer = async (sql: string) => {
      await this.#answer(sql, session)
      newSequence(connection)
    }
    connection.on('query', answer)
    connection.on('ping', () => {
      connection.writeOk()
      newSequence(connection)
    })
    // mysql2's server takes SET for a prepared statement.
    connection.on('stmt_prepare', answer)
  }

  /** mysql_native_password: SHA1(password) XOR SHA1(seed + SHA1(SHA1(password))). */
  #knows(login: Login): boolean {
    const sha = (...parts: Buffer[]) => createHash('sha1').update(Buffer.concat(parts)).digest()
    const once = sha(Buffer.from(this.#password))
    const seed = Buffer.concat([login.authPluginData1, login.authPluginData2.subarray(0, 12)])
    const mask = sha(seed, sha(once))
    return (
      login.authToken.length === 20 &&
      login.authToken.every((byte, place) => byte === ((once[place] ?? 0) ^ (mask[place] ?? 0)))
    )
  }

  async #answer(sql: string, session: Session): Promise<void> {
    this.statements.push(sql)
    const reply = await this.#handler(sql, session)
    const connection = session.connection as mysql.Connection & {
      writeColumns(columns: unknown[]): void
      writeTextRow(cells: Cell[]): void
    }
    if (reply === 'drop') return void session.socket.destroy()
    if (reply === 'silence' || session.socket.destroyed) return
    if (reply === 'ok') return connection.writeOk({ affectedRows: 0 })
    if (reply instanceof Error)
      return connection.writeError({
        message: reply.message,
        code: (reply as Error & { errno?: number }).errno ?? 1064,
      })
    connection.writeColumns(reply.columns.map((name) => column(name)))
    for (const [place, row] of reply.rows.entries()) {
      if (reply.pause?.after === place) await reply.pause.until
      if (session.socket.destroyed) return
      connection.writeTextRow(row)
    }
    connection.writeEof()
  }
}

/** Each command begins a new sequence of packets; mysql2's server would go on counting, and complain. */
function newSequence(connection: mysql.Connection): void {
  const counter = connection as unknown as { sequenceId: number }
  counter.sequenceId = 0
}

function column(name: string) {
  return {
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: 33,
    columnLength: 1024,
    columnType: 253,
    flags: 0,
    decimals: 0,
  }
}

const frontendColumns = [
  'Name',
  'IP',
  'EditLogPort',
  'HttpPort',
  'QueryPort',
  'RpcPort',
  'Role',
  'ClusterId',
  'Join',
  'Alive',
  'Version',
]

/** SHOW FRONTENDS as it is printed, for frontends given by address and role. */
export function frontendRows(frontends: { host?: string; port: number; role: string; httpPort?: number }[]): Reply {
  return {
    columns: frontendColumns,
    rows: frontends.map(({ host = '127.0.0.1', port, role, httpPort = 8030 }) => [
      `${host}_${port}`,
      host,
      '9010',
      String(httpPort),
      String(port),
      '9020',
      role,
      '1',
      'true',
      'true',
      '3.5.2-abc',
    ]),
  }
}
