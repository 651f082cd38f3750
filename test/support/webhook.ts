import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from 'vitest'

/** What somebody who wants to be notified has for the tests of one file. */
export interface Webhook<Body> {
  readonly url: string
  /** What came, with the status that it was answered with, in order. */
  readonly told: { status: number; body: Body }[]
  /** The next statuses to answer with; 200 after them. */
  readonly answers: number[]
}

export function webhook<Body>(): Webhook<Body> {
  let server: Server
  const told: Webhook<Body>['told'] = []
  const answers: number[] = []
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const status = answers.shift() ?? 200
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      told.push({ status, body: JSON.parse(Buffer.concat(chunks).toString()) as Body })
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => server?.close(resolve)))
  return {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    },
    told,
    answers,
  }
}
