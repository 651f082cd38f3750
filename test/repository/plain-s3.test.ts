import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type ObjectStore, openStore } from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'

type Meddle = (request: IncomingMessage, response: ServerResponse) => boolean

let server: S3Server
beforeAll(async () => {
  server = await startTestS3()
})
afterAll(() => server?.stop())

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

/** A store reached through a proxy that tells which GETs came, the SDK's by its mark. `meddle` answers true when it dealt with a GET of the other kind itself. */
async function throughProxy(meddle: Meddle = () => false): Promise<{ store: ObjectStore; gets: ('sdk' | 'plain')[] }> {
  const gets: ('sdk' | 'plain')[] = []
  const behind = new URL(server.properties['aws.s3.endpoint'] ?? '')
  const proxy = createServer((request, response) => {
    const { method, url = '', headers } = request
    const plain = method === 'GET' && !url.includes('x-id=') && !url.includes('list-type=')
    if (plain || url.includes('x-id=GetObject')) gets.push(plain ? 'plain' : 'sdk')
    if (plain && meddle(request, response)) return
    const onward = send({ host: behind.hostname, port: behind.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const store = openStore({
    location: `s3://backups/plain-${undo.length}-${gets.length}`,
    properties: server.properties,
    access: { endpoint },
  })
  undo.push(() => {
    store.close()
    proxy.closeAllConnections()
    proxy.close()
  })
  await store.put('first', 'first')
  expect((await store.getBytes('first', 10)).toString()).toBe('first')
  expect(gets).toEqual(['sdk'])
  return { store, gets }
}

describe('after the first read, objects are asked for past the layers of the SDK', () => {
  it('whatever their names and sizes', async () => {
    const { store, gets } = await throughProxy()
    const names = [
      'a/b//c',
      'plus+sign',
      'per%25cent',
      "sp ace!'()*~",
      'ключ',
      '😀',
      'amp&<>"',
      'q?x=1#f',
      'tick`;$,:@=[]',
    ]
    for (const name of names) {
      const { etag } = await store.put(name, `content of ${name}`)
      const { stream, size, etag: read } = await store.get(name)
      expect({ size, read }).toEqual({ size: Buffer.byteLength(`content of ${name}`), read: etag })
      stream.resume()
      expect((await store.getBytes(name, 100)).toString()).toBe(`content of ${name}`)
    }
    expect(gets.slice(1)).toEqual(names.flatMap(() => ['plain', 'plain']))
    const large = Buffer.alloc(3_000_000, 'x')
    await store.put('large', large)
    expect((await store.getBytes('large', 3_000_000)).equals(large)).toBe(true)
    await expect(store.getBytes('large', 1000)).rejects.toMatchObject({ kind: 'TooLarge' })
    await store.put('empty', '')
    expect((await store.getBytes('empty', 10)).length).toBe(0)
  })

  it('and through it again where there is none, so that the reason is told as ever', async () => {
    const { store, gets } = await throughProxy()
    await expect(store.getBytes('none', 10)).rejects.toMatchObject({ kind: 'NotFound' })
    expect((await store.getBytes('first', 10)).toString()).toBe('first')
    expect(gets.slice(1)).toEqual(['plain', 'sdk', 'plain'])
  })

  it('and never again where the store takes it amiss', async () => {
    const { store, gets } = await throughProxy((request, response) => {
      request.resume().on('end', () => response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>'))
      return true
    })
    for (let i = 0; i < 3; i++) expect((await store.getBytes('first', 10)).toString()).toBe('first')
    expect(gets.slice(1)).toEqual(['plain', 'sdk', 'sdk', 'sdk'])
  })

  it.each<[string, Meddle]>([
    [
      'is busy',
      (request, response) => {
        request.resume().on('end', () => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'))
        return true
      },
    ],
    [
      'hangs up',
      (request) => {
        request.socket.destroy()
        return true
      },
    ],
  ])('and through the SDK, which tries again, when the store %s', async (_, meddle) => {
    let troubled = true
    const { store, gets } = await throughProxy((...given) => troubled && meddle(...given))
    expect((await store.getBytes('first', 10)).toString()).toBe('first')
    troubled = false
    expect((await store.getBytes('first', 10)).toString()).toBe('first')
    expect(gets.slice(1)).toEqual(['plain', 'sdk', 'plain'])
  })

  it('content that breaks off is an error, and no shorter object', async () => {
    const { store } = await throughProxy((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-length': '10' })
        response.write('half')
        setImmediate(() => response.destroy())
      })
      return true
    })
    await expect(store.getBytes('first', 10)).rejects.toMatchObject({ kind: 'Unreachable' })
  })

  it('nobody is asked any more once the caller has given up', async () => {
    const { store, gets } = await throughProxy()
    const reason = new Error('given up')
    await expect(store.getBytes('first', 10, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(gets.slice(1)).toEqual([])
  })
})
