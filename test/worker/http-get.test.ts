import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '../../workers/free-port.ts'
import { httpGet } from '../../workers/http-get.ts'

/** Some of those that `fetch` refuses, and no other test was promised. */
const REFUSED = [1_719, 1_720, 1_723, 2_049, 3_659]

const server: Server = createServer((request, response) => {
  if (request.url === '/never') return
  response.writeHead(request.url === '/here' ? 200 : 503)
  response.end(`ü of ${request.url}`)
})
let address: string

beforeAll(async () => {
  for (const port of REFUSED) {
    try {
      address = `http://127.0.0.1:${await listen(server, '127.0.0.1', port)}`
      return
    } catch {
      // Somebody has it.
    }
  }
  throw new Error('none of these ports is free')
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('a server answers whatever its port', async () => {
  await expect(fetch(`${address}/here`)).rejects.toThrow()
  expect(await httpGet(`${address}/here`, 60_000)).toEqual({ status: 200, body: 'ü of /here' })
  expect(await httpGet(`${address}/other`, 60_000)).toEqual({ status: 503, body: 'ü of /other' })
})

test('one that does not answer is waited for so long, and one that is not there is told', async () => {
  await expect(httpGet(`${address}/never`, 100)).rejects.toThrow(/abort/i)
  await expect(httpGet('http://127.0.0.1:1/', 60_000)).rejects.toThrow(/ECONNREFUSED/)
})
