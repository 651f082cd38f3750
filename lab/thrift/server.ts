import { createServer, type Server, type Socket } from 'node:net'
import { listen } from '../../workers/free-port.ts'
import { BinaryReader, Incomplete, ProtocolError, TType } from './binary-reader.ts'
import { BinaryWriter } from './binary-writer.ts'

/** Reads its arguments and writes the fields of its result struct, without the closing stop. */
export type ThriftMethod = (args: BinaryReader) => (result: BinaryWriter) => void

export interface ThriftServerHooks {
  methods: Record<string, ThriftMethod>
  /** Before a call acts, and after it acted and before it is answered: 'close' drops the connection there. */
  beforeCall(method: string): Promise<'go' | 'close'>
  afterCall(method: string): Promise<'go' | 'close'>
  /** Thrown errors for which the connection is closed without an answer. */
  closesConnection(error: unknown): boolean
}

/** An idle connection is closed after that long: `thrift_client_timeout_ms`. */
const IDLE_MS = 5000
const CALL = 1
const REPLY = 2
const EXCEPTION = 3
const UNKNOWN_METHOD = 1
const PROTOCOL_ERROR = 7
const INTERNAL_ERROR = 6

/** A frontend's rpc port: TBinaryProtocol, unframed, one call after the other on each connection. */
export class ThriftServer {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly hooks: ThriftServerHooks

  constructor(hooks: ThriftServerHooks) {
    this.hooks = hooks
    this.server = createServer((socket) => this.serve(socket))
  }

  /** @returns the port */
  listen(host: string, port: number): Promise<number> {
    return listen(this.server, host, port)
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    let chunks: Buffer[] = []
    let size = 0
    let tryAt = 1
    let busy = false
    let quiet: NodeJS.Timeout | undefined
    const attempt = async (): Promise<void> => {
      if (busy || socket.destroyed) return
      busy = true
      while (size > 0 && !socket.destroyed) {
        const bytes = Buffer.concat(chunks)
        chunks = [bytes]
        const used = await this.call(socket, bytes)
        if (used === undefined) {
          // Large requests come in many pieces: reading from the start at each would take square time.
          tryAt = bytes.length * 2
          if (size === bytes.length) break
        } else {
          chunks[0] = bytes.subarray(used)
          size -= used
          tryAt = 1
        }
      }
      busy = false
    }
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      size += chunk.length
      clearTimeout(quiet)
      if (size >= tryAt) void attempt()
      else quiet = setTimeout(() => void attempt(), 2)
    })
  }

  /** @returns bytes used up by a whole call, or undefined when more must come */
  private async call(socket: Socket, bytes: Buffer): Promise<number | undefined> {
    const reader = new BinaryReader(bytes)
    let method = ''
    let sequence = 0
    try {
      const message = reader.messageBegin()
      method = message.name
      sequence = message.sequence
      if (message.type !== CALL) throw new ProtocolError(`Unexpected message type ${message.type}`)
    } catch (error) {
      if (error instanceof Incomplete) return undefined
      socket.destroy()
      return bytes.length
    }
    const start = reader.position
    try {
      // The whole call must be there before anything acts.
      reader.skip(TType.struct)
    } catch (error) {
      if (error instanceof Incomplete) return undefined
      socket.destroy()
      return bytes.length
    }
    const end = reader.position
    reader.position = start
    await this.answer(socket, reader, method, sequence)
    return end
  }

  private async answer(socket: Socket, reader: BinaryReader, method: string, sequence: number): Promise<void> {
    const act = this.hooks.methods[method]
    if (!act) {
      socket.write(exception(method, sequence, `Invalid method name: '${method}'`, UNKNOWN_METHOD))
      return
    }
    if ((await this.hooks.beforeCall(method)) === 'close') {
      socket.destroy()
      return
    }
    let reply: Buffer
    try {
      const write = act(reader)
      const writer = new BinaryWriter().message(method, REPLY, sequence).field(TType.struct, 0)
      write(writer)
      reply = writer.stop().stop().bytes()
    } catch (error) {
      if (this.hooks.closesConnection(error)) {
        socket.destroy()
        return
      }
      const text = error instanceof Error ? error.message : String(error)
      if (error instanceof ProtocolError) reply = exception(method, sequence, text, PROTOCOL_ERROR)
      else reply = exception(method, sequence, `Internal error processing ${method}`, INTERNAL_ERROR)
    }
    if ((await this.hooks.afterCall(method)) === 'close') socket.destroy()
    else socket.write(reply)
  }
}

function exception(method: string, sequence: number, message: string, type: number): Buffer {
  const writer = new BinaryWriter().message(method, EXCEPTION, sequence)
  return writer.field(TType.string, 1).string(message).field(TType.i32, 2).i32(type).stop().bytes()
}
