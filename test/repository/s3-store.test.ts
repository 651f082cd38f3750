import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateBucketCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { listObjects, type ObjectStore, openStore, StorageError, type StoreAccess } from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'

let server: S3Server
beforeAll(async () => {
  server = await startTestS3({ versioning: true })
})
afterAll(() => server?.stop())

const stores: ObjectStore[] = []
afterAll(() => {
  for (const store of stores) store.close()
})

function open(location = 's3://backups/base', properties: Record<string, string> = {}, access?: StoreAccess) {
  const store = openStore({ location, properties: { ...server.properties, ...properties }, access })
  stores.push(store)
  return store
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const keysOf = async (store: ObjectStore, prefix: string) =>
  (await all(listObjects(store, prefix))).map(({ key }) => key).sort()

const failure = async (work: Promise<unknown>): Promise<StorageError> => {
  const error = await work.then(
    () => new Error('nothing failed'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(StorageError)
  return error as StorageError
}

describe('objects in S3', () => {
  it('are written, read, looked at and listed below the location only', async () => {
    const store = open('s3a://backups/objects/')
    await open('s3://backups/').put('other/x', 'not ours')
    const { written, etag } = await store.put('a/b.txt', 'hello')
    expect(written).toBe(true)
    expect((await store.getBytes('a/b.txt', 100)).toString()).toBe('hello')
    const head = await store.head('a/b.txt')
    expect(head).toMatchObject({ key: 'a/b.txt', size: 5, etag })
    expect(await all(listObjects(store, ''))).toEqual([{ ...head }])
    expect(await store.head('a/none')).toBeUndefined()
    expect(await keysOf(store, 'none/')).toEqual([])
  })

  it('with names that need care keep them', async () => {
    const store = open('s3://backups/names')
    const names = ['plus+sign', 'per%25cent', 'space here', 'ключ', 'amp&<>"quote\'', 'q?x=1#f', 'tick`;drop']
    for (const name of names) await store.put(`n/${name}`, name)
    expect(await keysOf(store, 'n/')).toEqual(names.map((name) => `n/${name}`).sort())
    for (const name of names) expect((await store.getBytes(`n/${name}`, 100)).toString()).toBe(name)
    expect((await store.deletePrefix('n/')).deleted).toBe(names.length)
    expect(await keysOf(store, 'n/')).toEqual([])
  })

  it('larger than expected are not taken into memory', async () => {
    const store = open('s3://backups/large')
    await store.put('x', Buffer.alloc(50_000))
    expect(await failure(store.getBytes('x', 10_000))).toMatchObject({ kind: 'TooLarge' })
  })

  it('by the thousand come in pages, with common prefixes where a delimiter is given', async () => {
    const store = open('s3://backups/many')
    const keys = Array.from({ length: 3_100 }, (_, i) => `d${i % 7}/${String(i).padStart(5, '0')}`)
    const left = [...keys]
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let key = left.pop(); key !== undefined; key = left.pop()) await store.put(key, key)
      }),
    )
    const pages = await all(store.list(''))
    expect(pages.map(({ objects }) => objects.length)).toEqual([1000, 1000, 1000, 100])
    expect(pages.flatMap(({ objects }) => objects.map(({ key }) => key))).toEqual([...keys].sort())
    const [top] = await all(store.list('', { delimiter: '/' }))
    expect(top).toEqual({ objects: [], prefixes: [0, 1, 2, 3, 4, 5, 6].map((i) => `d${i}/`) })

    const seen: number[] = []
    const result = await store.deletePrefix('', { onProgress: ({ deleted }) => seen.push(deleted) })
    expect(result).toMatchObject({ deleted: 3_100, failed: 0, failures: [] })
    expect(seen.length).toBeGreaterThan(3)
    expect(await keysOf(store, '')).toEqual([])
  })

  it('are put only where nothing is, or over what was read', async () => {
    const store = open('s3://backups/conditions')
    const first = await store.put('k', 'one', { ifAbsent: true })
    expect(first).toMatchObject({ written: true, atomic: true })
    expect(await store.put('k', 'two', { ifAbsent: true })).toMatchObject({ written: false })
    const second = await store.put('k', 'three', { ifMatch: first.etag })
    expect(second).toMatchObject({ written: true, atomic: true })
    expect(await store.put('k', 'four', { ifMatch: first.etag })).toMatchObject({ written: false })
    expect(await store.put('gone', 'five', { ifMatch: first.etag })).toMatchObject({ written: false })
    expect((await store.getBytes('k', 10)).toString()).toBe('three')
    const racing = await Promise.all(
      Array.from({ length: 10 }, (_, i) => store.put('race', `${i}`, { ifAbsent: true })),
    )
    expect(racing.filter(({ written }) => written)).toHaveLength(1)
  })

  it('can be asked for the time of the store', async () => {
    const now = await open().now()
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000)
  })

  it('are left alone once the caller has given up', async () => {
    const store = open('s3://backups/given-up')
    await store.put('x', 'x')
    const given = AbortSignal.abort(new Error('enough'))
    await expect(store.getBytes('x', 10, { signal: given })).rejects.toThrow('enough')
    await expect(store.deletePrefix('', { signal: given })).rejects.toThrow('enough')
    await expect(all(store.list('', { signal: given }))).rejects.toThrow('enough')
    expect(await keysOf(store, '')).toEqual(['x'])
  })
})

describe('locked objects', () => {
  const lock = async (bucket: string, key: string) => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    })
    const until = new Date(Date.now() + 3_600_000)
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: until } as const
    await client.send(new PutObjectRetentionCommand({ Bucket: bucket, Key: key, Retention }))
    client.destroy()
  }
  const makeBucket = async (bucket: string) => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    })
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }))
    client.destroy()
  }

  it('get a delete marker where the bucket keeps versions; that they still take space is told', async () => {
    await makeBucket('versioned')
    const store = open('s3://versioned/base')
    await store.put('free', 'x')
    await store.put('held', 'x')
    await lock('versioned', 'base/held')
    expect(await store.deletePrefix('')).toMatchObject({ deleted: 2, hidden: 2, failed: 0 })
    expect(await keysOf(store, '')).toEqual([])
  })

  it('are named, and the others deleted, where it does not', async () => {
    const plain = await startTestS3()
    try {
      const before = server
      server = plain
      await makeBucket('locking')
      const store = open('s3://locking/base')
      await store.put('free', 'x')
      await store.put('held', 'x')
      await lock('locking', 'base/held')
      server = before
      const result = await store.deletePrefix('')
      expect(result).toMatchObject({ deleted: 1, failed: 1 })
      expect(result.failures[0]).toMatchObject({ key: 'held', error: { kind: 'ObjectLocked' } })
      expect(result.failures[0]?.error.message).toMatch(/s3:\/\/locking\/base\/held.*retention has ended/)
      expect(await keysOf(store, '')).toEqual(['held'])
    } finally {
      await plain.stop()
    }
  })
})

describe('what goes wrong has a kind, names the object and says what to do', () => {
  it('no such object, no such bucket', async () => {
    expect(await failure(open().getBytes('none', 10))).toMatchObject({
      kind: 'NotFound',
      message: expect.stringMatching(/Cannot read s3:\/\/backups\/base\/none at http:\/\/127/),
    })
    const nowhere = open('s3://nowhere/base')
    const works = [() => all(nowhere.list('')), () => nowhere.getBytes('x', 10), () => nowhere.put('x', 'x')]
    for (const work of works) {
      expect(await failure(work())).toMatchObject({ kind: 'NoSuchBucket', remedy: expect.stringMatching(/create/) })
    }
    expect(await nowhere.deletePrefix('')).toMatchObject({ deleted: 0, stopped: { kind: 'NoSuchBucket' } })
  })

  it('wrong keys, without repeating them', async () => {
    const secret = 'a-very-secret-key'
    const wrong: Record<string, string>[] = [{ 'aws.s3.secret_key': secret }, { 'aws.s3.access_key': 'nobody' }]
    for (const properties of wrong) {
      const error = await failure(all(open('s3://backups/base', properties).list('')))
      expect(error).toMatchObject({ kind: 'Denied', remedy: expect.stringMatching(/check the access key/) })
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/a-very-secret|lab-secret/)
    }
  })

  it('a wrong region', async () => {
    const error = await failure(all(open('s3://backups/base', { 'aws.s3.region': 'eu-west-1' }).list('')))
    expect(error.message).toMatch(/eu-west-1.*set aws.s3.region/)
  })

  it('nobody there', async () => {
    const down = await failure(all(open('s3://backups/base', {}, { endpoint: 'http://127.0.0.1:1' }).list('')))
    expect(down).toMatchObject({
      kind: 'Unreachable',
      message: expect.stringMatching(/127.0.0.1:1: connection refused/),
    })
    const nobody = await failure(all(open('s3://backups/base', {}, { endpoint: 'http://no.invalid' }).list('')))
    expect(nobody).toMatchObject({ kind: 'Unreachable' })
  })
})

describe("other stores' answers", () => {
  /** Answers with a status and a body, whatever is asked; keeps the requests. */
  async function answering(
    status: number,
    body: string,
    work: (
      store: ObjectStore,
      requests: { method: string; headers: NodeJS.Dict<string | string[]> }[],
    ) => Promise<void>,
  ) {
    const requests: { method: string; headers: NodeJS.Dict<string | string[]> }[] = []
    const http = createServer((request, response) => {
      requests.push({ method: request.method ?? '', headers: request.headers })
      request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/xml' }).end(body))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const store = open('s3://bucket/base', {}, { endpoint })
    try {
      await work(store, requests)
    } finally {
      store.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    }
  }
  const xml = (code: string, message: string) => `<Error><Code>${code}</Code><Message>${message}</Message></Error>`

  it.each([
    [400, 'ExpiredToken', 'The provided token has expired.', 'ExpiredCredentials'],
    [403, 'AccessDenied', 'Access Denied', 'Denied'],
    [403, 'AccessDenied', 'Access Denied because object protected by object lock.', 'ObjectLocked'],
    [400, 'InvalidRequest', 'Object is WORM protected and cannot be overwritten', 'ObjectLocked'],
    [409, 'FileImmutable', 'The object you specified is immutable.', 'ObjectLocked'],
    [503, 'SlowDown', 'Please reduce your request rate.', 'Throttled'],
    [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented', 'Unsupported'],
    [400, 'KMS.DisabledException', 'The key is disabled', 'Unknown'],
  ])('%i %s (%s) is %s', async (status, code, message, kind) => {
    await answering(status, xml(code, message), async (store) => {
      expect((await failure(store.put('x', 'x'))).kind).toBe(kind)
    })
  })

  it.each([
    ['', 'Unreachable'],
    ['<html><body><h1>404 page not found</h1></body></html>', 'Unreachable'],
    ['404 page not found', 'Unreachable'],
    [xml('NoSuchKey', 'The specified key does not exist.'), 'NotFound'],
    [xml('NoSuchVersion', 'The specified version does not exist.'), 'NotFound'],
    [xml('NoSuchBucket', 'The specified bucket does not exist'), 'NoSuchBucket'],
  ])('404 with %j is %s: only a store can say that it has no such object', async (body, kind) => {
    await answering(404, body, async (store) => {
      expect((await failure(store.getBytes('x', 10))).kind).toBe(kind)
      // An answer to HEAD has no body.
      expect(await store.head('x')).toBeUndefined()
    })
  })

  it('locked objects within an answer to a multiple delete are those that fail', async () => {
    const deleted = '<Deleted><Key>base/a</Key></Deleted>'
    const locked = `<Error><Key>base/b</Key>${xml('AccessDenied', 'Access Denied because object protected by object lock.').slice(7)}`
    await answering(200, `<DeleteResult>${deleted}${locked}</DeleteResult>`, async (store, requests) => {
      const result = await store.deleteMany(['a', 'b'])
      expect(result).toMatchObject({ deleted: 1, failed: 1, failures: [{ key: 'b', error: { kind: 'ObjectLocked' } }] })
      expect(requests[0]?.headers['content-md5']).toMatch(/==$/)
      expect(Object.keys(requests[0]?.headers ?? {}).join()).not.toMatch(/checksum/)
    })
  })

  describe('a listing that says that there is more and gives no token, as OBS and COS do', () => {
    const names = ['a/1', 'a/2', 'b c', 'd/1', 'e', 'f', 'ключ']

    /** Lists three at once, by the first form alone. `heeds`: goes on behind the marker. */
    async function listing(heeds: boolean, work: (store: ObjectStore) => Promise<void>) {
      const http = createServer((request, response) => {
        const query = new URL(request.url ?? '', 'http://x').searchParams
        const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
        const common = (key: string) => {
          const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
          return end < 0 ? key : key.slice(0, end + 1)
        }
        const keys = names.map((name) => `base/${name}`).filter((key) => key.startsWith(prefix))
        const marker = heeds ? (query.get('marker') ?? '') : ''
        const rows = [...new Set(keys.map(common))].filter(
          (row) => Buffer.compare(Buffer.from(row), Buffer.from(marker)) > 0,
        )
        const text = rows
          .slice(0, 3)
          .map((row) =>
            keys.includes(row)
              ? `<Contents><Key>${encodeURIComponent(row)}</Key><Size>1</Size></Contents>`
              : `<CommonPrefixes><Prefix>${encodeURIComponent(row)}</Prefix></CommonPrefixes>`,
          )
        const more = `<IsTruncated>${rows.length > 3}</IsTruncated><EncodingType>url</EncodingType>`
        response.writeHead(200, { 'content-type': 'application/xml' })
        response.end(`<ListBucketResult>${more}${text.join('')}</ListBucketResult>`)
      })
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      const store = open('s3://bucket/base', {}, { endpoint })
      try {
        await work(store)
      } finally {
        store.close()
        http.closeAllConnections()
        await new Promise((resolve) => http.close(resolve))
      }
    }

    it('goes on behind the last key, or the last common prefix', async () => {
      await listing(true, async (store) => {
        expect((await all(listObjects(store, ''))).map(({ key }) => key)).toEqual(names)
        const pages = await all(store.list('', { delimiter: '/' }))
        expect(pages.flatMap(({ prefixes }) => prefixes)).toEqual(['a/', 'd/'])
        expect(pages.flatMap(({ objects }) => objects.map(({ key }) => key))).toEqual(['b c', 'e', 'f', 'ключ'])
      })
    })

    it('is an error where the store does not go on, and no short list', async () => {
      await listing(false, async (store) => {
        const error = await failure(all(store.list('')))
        expect(error.message).toMatch(/Cannot list s3:\/\/bucket\/base\/ to its end/)
      })
    })
  })

  it('a store that takes conditions and ignores them is found out, and looked at before it is written to', async () => {
    const there = new Set<string>()
    const http = createServer((request, response) => {
      const key = request.url?.split('?')[0] ?? ''
      if (request.method === 'PUT') there.add(key)
      request
        .resume()
        .on('end', () => response.writeHead(request.method !== 'HEAD' || there.has(key) ? 200 : 404).end())
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const store = open('s3://bucket/base', {}, { endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
    expect(await store.put('k', '1', { ifAbsent: true })).toMatchObject({ written: true, atomic: false })
    expect(await store.put('k', '2', { ifAbsent: true })).toMatchObject({ written: false, atomic: false })
    store.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })

  it.each([
    ['ignores', 200],
    ['does not know', 501],
  ])('a store that creates only where nothing is and %s If-Match is found out, too', async (_, status) => {
    const kept = new Map<string, string>()
    const http = createServer((request, response) => {
      const key = request.url?.split('?')[0] ?? ''
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        const known = kept.get(key)
        if (request.method !== 'PUT') return response.writeHead(known ? 200 : 404, known ? { etag: known } : {}).end()
        if (request.headers['if-none-match'] && known) return response.writeHead(412).end()
        if (request.headers['if-match'] && status !== 200) {
          return response.writeHead(status).end(xml('NotImplemented', 'A header is not implemented'))
        }
        kept.set(key, `"${Buffer.from(body).toString('hex')}"`)
        return response.writeHead(200, { etag: kept.get(key) }).end()
      })
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const store = open('s3://bucket/base', {}, { endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
    const first = await store.put('k', '1', { ifAbsent: true })
    expect(first).toMatchObject({ written: true, atomic: true })
    expect(await store.put('k', '2', { ifAbsent: true })).toMatchObject({ written: false, atomic: true })
    expect(await store.put('k', '3', { ifMatch: '"other"' })).toEqual({ written: false, atomic: false })
    expect(await store.put('k', '4', { ifMatch: first.etag })).toMatchObject({ written: true, atomic: false })
    expect(await store.put('k', '5', { ifMatch: first.etag })).toEqual({ written: false, atomic: false })
    store.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })

  it('a role is assumed with the keys given, and its credentials are used', async () => {
    const assumed: string[] = []
    const used: (string | string[] | undefined)[] = []
    const http = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        if (!body.includes('AssumeRole')) {
          used.push(request.headers.authorization, request.headers['x-amz-security-token'])
          return response.writeHead(200).end()
        }
        assumed.push(body)
        const credentials =
          '<AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken>'
        const expiration = '<Expiration>2099-01-01T00:00:00Z</Expiration>'
        const result = `<AssumeRoleResult><Credentials>${credentials}${expiration}</Credentials></AssumeRoleResult>`
        const space = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
        return response
          .writeHead(200, { 'content-type': 'text/xml' })
          .end(`<AssumeRoleResponse ${space}>${result}</AssumeRoleResponse>`)
      })
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    const properties = {
      'aws.s3.iam_role_arn': 'arn:aws:iam::123456789012:role/backup',
      'aws.s3.external_id': 'outside',
      'aws.s3.sts.endpoint': endpoint,
    }
    const store = open('s3://backups/role', properties, { endpoint })
    await store.put('x', 'by role')
    expect(assumed).toHaveLength(1)
    expect(assumed[0]).toMatch(/RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fbackup.*ExternalId=outside/)
    expect(used).toEqual([expect.stringContaining('Credential=ROLE/'), 'tok'])
    store.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })

  it('a store that knows no multiple delete is asked object by object', async () => {
    await answering(501, xml('NotImplemented', 'No'), async (store, requests) => {
      const result = await store.deleteMany(['a', 'b', 'c'])
      expect(result.deleted).toBe(0)
      expect(requests.filter(({ method }) => method === 'DELETE').length).toBeGreaterThan(0)
    })
  })
})
