import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeServer, serveEndpoints } from '../../workers/http-endpoints.ts'

/** The status line of the answer to a request line, as it is written. */
function ask(port: number, requestLine: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${requestLine}\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    )
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.once('end', () => resolve(answer.split('\r\n')[0] ?? ''))
    socket.once('error', reject)
  })
}

describe('what a worker serves over HTTP', () => {
  let server: Server
  let port: number

  beforeAll(async () => {
    const endpoint = async () => ({ status: 200, type: 'text/plain', body: 'ok\n' })
    server = (await serveEndpoints('worker.health', '127.0.0.1:0', { '/healthz': endpoint })) as Server
    port = (server.address() as AddressInfo).port
  })

  afterAll(() => closeServer(server))

  it('answers, whatever stands behind the question mark', async () => {
    expect(await ask(port, 'GET /healthz HTTP/1.1')).toContain(' 200 ')
    expect(await ask(port, 'GET /healthz?verbose=1 HTTP/1.1')).toContain(' 200 ')
  })

  it.each([
    'GET // HTTP/1.1',
    'GET http://[ HTTP/1.1',
    'GET /toString HTTP/1.1',
    'GET toString HTTP/1.1',
    'GET ? HTTP/1.1',
  ])('%s: refused, and the process lives on', async (line) => {
    expect(await ask(port, line)).toMatch(/ 40[04] /)
    expect(await ask(port, 'GET /healthz HTTP/1.1')).toContain(' 200 ')
  })
})
