import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { listen } from '../../workers/free-port.ts'
import type { LabResult } from '../sql/context.ts'
import { LabSqlError } from '../sql/errors.ts'
import { greeting, passwordMatches, readLogin, switchAuthentication } from './handshake.ts'
import { frame, PayloadReader } from './packet.ts'
import { errorPacket, okPacket, resultChunks } from './result-packets.ts'

/** One client's connection, as the server's owner sees it. */
export interface MysqlConnection {
  id: number
  host: string
  socket: Socket
}

export interface MysqlHandler {
  version: string
  /** Number and state of a refused login. */
  loginError: { errno: number; sqlState: string }
  /** Called before the greeting; an error refuses the client. */
  accept(connection: MysqlConnection): Promise<void>
  /** Password of a user, or undefined when there is none. */
  passwordOf(user: string): string | undefined
  /** Called once the password is right; may refuse the database. */
  login(connection: MysqlConnection, user: string, database: string | undefined): void
  query(connection: MysqlConnection, sql: string): Promise<LabResult>
  useDatabase(connection: MysqlConnection, name: string): void
  closed(connection: MysqlConnection): void
}

const command = { quit: 1, initDb: 2, query: 3, ping: 14, resetConnection: 31 } as const

/** A server of MySQL's text protocol with mysql_native_password. */
export class MysqlServer {
  readonly #server: Server
  readonly #handler: MysqlHandler
  readonly #sockets = new Set<Socket>()
  #nextId = 16777217

  constructor(handler: MysqlHandler) {
    this.#handler = handler
    this.#server = createServer((socket) => void this.#serve(socket))
  }

  /** Opens the port (0: any free one) and answers which it is. */
  listen(port: number, host: string): Promise<number> {
    return listen(this.#server, host, port)
  }

  /** Cuts every connection at once; clients see a reset. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): Promise<void> {
    this.dropConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    const connection: MysqlConnection = {
      id: this.#nextId++,
      host: `${socket.remoteAddress ?? '127.0.0.1'}:${socket.remotePort ?? 0}`,
      socket,
    }
    socket.on('error', () => {
      socket.destroy()
    })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#handler.closed(connection)
    })
    try {
      await this.#handler.accept(connection)
    } catch {
      socket.destroy()
      return
    }
    new Conversation(connection, this.#handler).start()
  }
}

/** What is said on one connection: greeting, login, then one command after the other. */
class Conversation {
  readonly #connection: MysqlConnection
  readonly #handler: MysqlHandler
  readonly #reader = new PayloadReader()
  readonly #scramble: Buffer
  #state: 'login' | 'switched' | 'ready' = 'login'
  #pending: { user: string; database?: string } | undefined
  #sequence = 0
  #work: Promise<void> = Promise.resolve()

  constructor(connection: MysqlConnection, handler: MysqlHandler) {
    this.#connection = connection
    this.#handler = handler
    this.#scramble = Buffer.from(randomBytes(20).map((byte) => (byte % 93) + 33))
  }

  start(): void {
    this.#send([greeting(this.#handler.version, this.#connection.id, this.#scramble)])
    this.#connection.socket.on('data', (chunk: Buffer) => {
      for (const { payload, sequence } of this.#reader.push(chunk)) {
        this.#work = this.#work
          .then(() => this.#receive(payload, sequence))
          .catch(() => {
            this.#connection.socket.destroy()
          })
      }
    })
  }

  async #receive(payload: Buffer, sequence: number): Promise<void> {
    this.#sequence = (sequence + 1) & 0xff
    if (this.#state === 'login') return this.#login(payload)
    if (this.#state === 'switched') return this.#authenticate(payload)
    await this.#command(payload)
  }

  #login(payload: Buffer): void {
    const login = readLogin(payload)
    this.#pending = { user: login.user, ...(login.database === undefined ? {} : { database: login.database }) }
    if (login.plugin !== undefined && login.plugin !== 'mysql_native_password') {
      this.#state = 'switched'
      this.#send([switchAuthentication(this.#scramble)])
      return
    }
    this.#authenticate(login.answer)
  }

  #authenticate(answer: Buffer): void {
    const { user, database } = this.#pending ?? { user: '' }
    const password = this.#handler.passwordOf(user)
    if (password === undefined || !passwordMatches(password, this.#scramble, answer)) {
      const { errno, sqlState } = this.#handler.loginError
      const using = answer.length > 0 ? 'YES' : 'NO'
      this.#send([errorPacket(errno, sqlState, `Access denied for user '${user}' (using password: ${using})`)])
      this.#connection.socket.end()
      return
    }
    try {
      this.#handler.login(this.#connection, user, database)
    } catch (error) {
      this.#send([errorOf(error)])
      this.#connection.socket.end()
      return
    }
    this.#state = 'ready'
    this.#send([okPacket(0)])
  }

  async #command(payload: Buffer): Promise<void> {
    const [code] = payload
    switch (code) {
      case command.quit:
        this.#connection.socket.end()
        return
      case command.ping:
      case command.resetConnection:
        this.#send([okPacket(0)])
        return
      case command.initDb:
      case command.query:
        try {
          const text = payload.toString('utf8', 1)
          if (code === command.query) {
            const result = await this.#handler.query(this.#connection, text)
            await this.#sendResult(result)
          } else {
            this.#handler.useDatabase(this.#connection, text)
            this.#send([okPacket(0)])
          }
        } catch (error) {
          if (error instanceof ConnectionDropped) this.#connection.socket.destroy()
          else this.#send([errorOf(error)])
        }
        return
      default:
        this.#send([errorPacket(1047, '08S01', 'Unsupported command')])
    }
  }

  #send(payloads: readonly Buffer[]): void {
    const { socket } = this.#connection
    if (socket.destroyed) return
    const parts: Buffer[] = []
    for (const payload of payloads) {
      const { buffers, next } = frame(payload, this.#sequence)
      this.#sequence = next
      parts.push(...buffers)
    }
    socket.write(Buffer.concat(parts))
  }

  /** No faster than the client reads: a large answer is not held as a whole. Every command begins its own sequence, so it ends with this one. */
  async #sendResult(result: LabResult): Promise<void> {
    const { socket } = this.#connection
    for (const chunk of resultChunks(result, this.#sequence)) {
      if (socket.destroyed) return
      if (!socket.write(chunk)) await drained(socket)
    }
  }
}

/** When more may be written, or nothing any more. */
const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })

/** Thrown by a handler to cut the connection instead of answering. */
export class ConnectionDropped extends Error {}

const errorOf = (error: unknown): Buffer => {
  if (error instanceof LabSqlError) return errorPacket(error.errno, error.sqlState, error.message)
  return errorPacket(1064, 'HY000', `Unexpected exception: ${error instanceof Error ? error.message : String(error)}`)
}
