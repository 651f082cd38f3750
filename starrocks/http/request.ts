import http from 'node:http'
import type { Address } from '../address-map.ts'
import { OutcomeUnknownError, StarRocksError, UnreachableError } from '../errors/starrocks-error.ts'

export interface HttpOptions {
  signal?: AbortSignal
  /** For the whole exchange: 60 000. */
  timeoutMs?: number
}

export interface HttpRequest extends HttpOptions {
  method: 'GET' | 'POST'
  address: Address
  /** With the query; may hold secrets, so it appears in no message. */
  path: string
  /** `user:password` for Basic authentication. */
  login?: string
}

export interface HttpAnswer {
  status: number
  location: string | undefined
  body: string
}

/** Our questions have short answers; anything longer is not from whom we think. */
const maxBodyBytes = 4 * 1024 * 1024

/** One HTTP exchange, redirects not followed. Errors: `Unreachable` (for GET in all cases), `OutcomeUnknown` once a POST was sent. */
export function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  const { method, address, path, login, signal, timeoutMs = 60_000 } = request
  const where = `${address.host}:${address.port}`
  return new Promise<HttpAnswer>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let sent = false
    const outgoing = http.request({
      host: address.host,
      port: address.port,
      method,
      path,
      agent: false,
      // Credentials are put here rather than into the URL, where they would end up in logs. Frontends want 100-continue for nothing we send.
      headers: {
        ...(login === undefined ? {} : { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
        'Content-Length': 0,
      },
    })
    const settle = (act: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      outgoing.destroy()
      act()
    }
    const fail = (why: string, cause?: unknown) =>
      settle(() =>
        reject(
          sent && method === 'POST'
            ? new OutcomeUnknownError(`A request was sent to http://${where}, but no answer came (${why})`, cause)
            : new UnreachableError(
                `Cannot get an answer from http://${where} (${why})`,
                'Check the host and the HTTP port, or map them in the address map',
                cause,
              ),
        ),
      )
    const abort = () => settle(() => reject(signal?.reason))
    const timer = setTimeout(() => fail(`nothing within ${timeoutMs} ms`), timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    outgoing.on('socket', (socket) => {
      const connected = () => {
        sent = true
      }
      if (socket.connecting) socket.once('connect', connected)
      else connected()
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error))
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxBodyBytes) {
          return settle(() =>
            reject(
              new StarRocksError({ kind: 'UnexpectedAnswer', detail: `http://${where} sends more than it should` }),
            ),
          )
        }
        chunks.push(chunk)
      })
      response.on('end', () =>
        settle(() =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        ),
      )
      response.on('error', (error) => fail(error.message, error))
      response.on('aborted', () => fail('the connection ended early'))
    })
    outgoing.end()
  })
}
