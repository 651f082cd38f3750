import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A way to an S3 server on which single requests can be held, so that a test can act in the middle of what their sender does. */
export class HeldStore {
  readonly endpoint: string
  readonly #server: Server
  #match: ((request: string) => boolean) | undefined
  #held: () => void = () => undefined
  #waiting: IncomingMessage | undefined
  #refusal: { code: string; match: (request: string) => boolean } | undefined

  private constructor(server: Server) {
    this.#server = server
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async before(endpoint: string): Promise<HeldStore> {
    const { hostname, port } = new URL(endpoint)
    let store: HeldStore | undefined
    const server = createServer((asked, answer) => {
      const parts: Buffer[] = []
      asked.on('data', (part: Buffer) => parts.push(part))
      asked.on('end', () => {
        const body = Buffer.concat(parts)
        const text = `${asked.method} ${asked.url} ${body}`
        if (store?.refuses(text, answer)) return
        if (store?.holds(text, asked)) return
        // The signature covers the host that was asked, so it goes on as it came.
        const { method, url: path, headers } = asked
        const onward = request({ hostname, port, method, path, headers }, (got) => {
          answer.writeHead(got.statusCode ?? 500, got.headers)
          got.pipe(answer)
        })
        onward.on('error', () => answer.destroy())
        onward.end(body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    store = new HeldStore(server)
    return store
  }

  /** The next request of which method, path and body together fit is never answered; resolves when it has come. */
  hold(match: (request: string) => boolean): Promise<void> {
    this.#match = match
    return new Promise((resolve) => {
      this.#held = resolve
    })
  }

  /** From now on nothing that fits is let in, with this code of S3; let in again without. */
  refuse(code?: string, match: (request: string) => boolean = () => true): void {
    this.#refusal = code === undefined ? undefined : { code, match }
  }

  refuses(text: string, answer: ServerResponse): boolean {
    if (!this.#refusal?.match(text)) return false
    answer.writeHead(400, { 'content-type': 'application/xml' })
    const { code } = this.#refusal
    answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>It was refused</Message></Error>`)
    return true
  }

  /** Breaks the connection of the one that is held. */
  letGo(): void {
    this.#waiting?.socket.destroy()
  }

  holds(text: string, asked: IncomingMessage): boolean {
    if (!this.#match?.(text)) return false
    this.#match = undefined
    this.#waiting = asked
    this.#held()
    return true
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
