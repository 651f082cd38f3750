import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { listen } from '../../workers/free-port.ts'

export interface HttpAnswer {
  status: number
  body: string
  headers?: Record<string, string>
}

/** Answers a request, or undefined to close the connection without a word. */
export type HttpHandler = (request: IncomingMessage, url: URL) => HttpAnswer | undefined

/** An HTTP port of a lab frontend or node, whose connections can be cut at once. */
export class HttpServer {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  constructor(handle: HttpHandler) {
    this.server = createServer((request, response) => {
      request.resume()
      request.on('error', () => request.socket.destroy())
      request.on('end', () => {
        const answer = handle(request, new URL(request.url ?? '/', 'http://lab'))
        if (!answer) {
          request.socket.destroy()
          return
        }
        response.writeHead(answer.status, { 'content-type': 'text/html; charset=UTF-8', ...answer.headers })
        response.end(answer.body)
      })
    })
    this.server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  /** @returns the port */
  listen(host: string, port: number): Promise<number> {
    return listen(this.server, host, port)
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }
}
