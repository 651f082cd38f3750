import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import {
  type HeldLease,
  type Lease,
  type ObjectStore,
  openStore,
  RecordReader,
  Repository,
} from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { until } from '../support/until.ts'

let server: S3Server
const stores: ObjectStore[] = []
beforeAll(async () => {
  server = await startTestS3()
})
afterAll(async () => {
  for (const store of stores) store.close()
  await server?.stop()
})

function repositoryAt(path: string): Repository {
  const store = openStore({ location: `s3a://backups/${path}`, properties: server.properties })
  stores.push(store)
  return new Repository(store, 'r')
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe("starferry's own objects", () => {
  it('are JSON, packed where their key says so, beside the tree of StarRocks', async () => {
    const { own, store } = repositoryAt('json')
    const value = { id: 9007199254740993n, text: 'späť', list: Array.from({ length: 2000 }, () => 'same') }
    await own.putJson('records/a.json.gz', value)
    await own.putJson('records/b.json', { b: 1 })
    expect(await own.getJson('records/a.json.gz')).toEqual({ ...value, id: '9007199254740993' })
    expect(await own.getJson('records/none.json')).toBeUndefined()
    const listed = await all(own.list('records/'))
    expect(listed.map(({ key }) => key)).toEqual(['records/a.json.gz', 'records/b.json'])
    expect(listed[0]?.size).toBeLessThan(1000)
    expect((await store.head('__starferry_r/records/b.json'))?.size).toBe(7)
    expect(await own.delete(['records/a.json.gz', 'records/never'])).toMatchObject({ deleted: 2, failed: 0 })
    expect(await own.head('records/a.json.gz')).toBeUndefined()
  })

  it('that are damaged are named', async () => {
    const { own, store } = repositoryAt('damaged')
    await store.put('__starferry_r/x.json.gz', 'no gzip')
    await store.put('__starferry_r/x.json', '{"half"')
    await expect(own.getJson('x.json.gz')).rejects.toThrow(
      /__starferry_r\/x.json.gz in s3:.* is damaged: incorrect header/,
    )
    await expect(own.getJson('x.json')).rejects.toThrow(/__starferry_r\/x.json in s3:.* is damaged/)
  })
})

describe('records', () => {
  it('come in order, with those that are damaged named, and what is no record', async () => {
    const { own, store } = repositoryAt('records')
    const ids = Array.from({ length: 120 }, (_, i) => String(i).padStart(3, '0'))
    await Promise.all(ids.map((id) => own.putJson(`records/${id}.json.gz`, { id })))
    await store.put('__starferry_r/records/050.json.gz', 'damaged')
    await own.putJson('records/051.json.gz', { other: true })
    const reader = new RecordReader(own, {
      pick: (json) => {
        const { id } = json as { id?: string }
        if (id === undefined) throw new Error('it has no id')
        return id
      },
    })
    const read = await all(reader.read('records/'))
    expect(read.map(({ key }) => key)).toEqual(ids.map((id) => `records/${id}.json.gz`))
    expect(read.flatMap(({ value }) => value ?? [])).toEqual(ids.filter((id) => id !== '050' && id !== '051'))
    expect(read[50]?.problem).toMatch(/is damaged/)
    expect(read[51]?.problem).toBe('it has no id')
  })

  it('are kept by key and etag, within bounds', async () => {
    const { own } = repositoryAt('kept')
    for (const id of ['a', 'b', 'c']) await own.putJson(`records/${id}.json.gz`, { id, text: 'x'.repeat(1000) })
    let picked: string[] = []
    const pick = (json: unknown) => {
      const { id } = json as { id: string }
      picked.push(id)
      return id
    }
    const reader = new RecordReader(own, { pick, cost: () => 10, maxBytes: 30 })
    await all(reader.read('records/'))
    expect(picked.sort()).toEqual(['a', 'b', 'c'])
    picked = []
    await own.putJson('records/b.json.gz', { id: 'b2' })
    expect((await all(reader.read('records/'))).map(({ value }) => value)).toEqual(['a', 'b2', 'c'])
    expect(picked).toEqual(['b2'])
    const small = new RecordReader(own, { pick, cost: () => 10, maxBytes: 15 })
    await all(small.read('records/'))
    expect(small.keptBytes).toBe(10)
  })
})

describe('leases', () => {
  const taken = (answer: HeldLease | { heldBy: Lease }): HeldLease => {
    if ('heldBy' in answer) throw new Error(`held by ${JSON.stringify(answer.heldBy.info)}`)
    return answer
  }

  it('are held by one, whoever asks at the same time', async () => {
    const { leases } = repositoryAt('leases')
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => leases.acquire('write', 'retention', { by: `${i}` }, 300)),
    )
    const held = answers.filter((answer) => !('heldBy' in answer))
    expect(held).toHaveLength(1)
    const [holder] = held.map(taken)
    expect(holder?.exclusive).toBe(true)
    for (const answer of answers) {
      if ('heldBy' in answer) expect(answer.heldBy.info).toEqual(holder?.lease.info)
    }
    expect(await holder?.renew()).toBe(true)
    await holder?.release()
    expect(await leases.list()).toEqual([])
    taken(await leases.acquire('write', 'retention', {}, 300))
  })

  it('run out by the clock of the store, and then are lost to who takes them', async () => {
    const { leases } = repositoryAt('expiry')
    const first = taken(await leases.acquire('read', 'label/with slash', { by: 'first' }, 4))
    const lasting = taken(await leases.acquire('read', 'other', { by: 'lasting' }, 600))
    expect((await leases.list('read')).map(({ id, expired }) => [id, expired])).toEqual([
      ['label/with slash', false],
      ['other', false],
    ])
    const second = await until('the lease runs out', async () => {
      const answer = await leases.acquire('read', 'label/with slash', { by: 'second' }, 600)
      return 'heldBy' in answer ? undefined : answer
    })
    expect(await first.renew()).toBe(false)
    await first.release()
    expect((await leases.list('read')).map(({ id, info }) => [id, info.by]).sort()).toEqual([
      ['label/with slash', 'second'],
      ['other', 'lasting'],
    ])
    expect(await second.renew()).toBe(true)
    expect(await lasting.renew()).toBe(true)
    expect(await leases.sweep(0)).toBe(0)
  })

  it('that ran out are swept; one that is damaged counts as held', async () => {
    const { leases, store } = repositoryAt('sweep')
    taken(await leases.acquire('read', 'old', {}, 0))
    await store.put('__starferry_r/leases/write/x.json', '{"half')
    await until('the lease runs out', async () => (await leases.list('read'))[0]?.expired)
    expect(await leases.acquire('write', 'x', {}, 10)).toMatchObject({
      heldBy: { kind: 'write', id: 'x', expired: false },
    })
    await until('it can be swept', async () => (await leases.sweep(0)) === 1)
    expect((await leases.list()).map(({ id }) => id)).toEqual(['x'])
  })
})
