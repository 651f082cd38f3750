import { CreateBucketCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import {
  listObjects,
  type ObjectStore,
  openStore,
  Repository,
  readRepository,
  SnapshotError,
  type SnapshotProblem,
} from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { recorded } from './support/recorded.ts'
import { DIRECTORY, md5, writeRepositoryInfo, writeSnapshot } from './support/write-snapshot.ts'

let server: S3Server
const stores: ObjectStore[] = []
beforeAll(async () => {
  server = await startTestS3()
})
afterAll(async () => {
  for (const store of stores) store.close()
  await server?.stop()
})

async function repositoryAt(path: string, name = 'r'): Promise<Repository> {
  const store = openStore({ location: `s3a://backups/${path}`, properties: server.properties })
  stores.push(store)
  await writeRepositoryInfo(store, name)
  return readRepository(store, name)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const problem = async (work: Promise<unknown>): Promise<SnapshotProblem | undefined> => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(SnapshotError)
  return (error as SnapshotError).problem
}

describe('a repository', () => {
  it('is found by its name; the directory of older versions goes first where it is there', async () => {
    const { store, directory, createTime } = await repositoryAt('found')
    expect({ directory, createTime }).toEqual({
      directory: '__starrocks_repository_r/',
      createTime: '2026-11-20 19:38:02',
    })
    await store.put('__palo_repository_r/__repo_info', '{"name":"r","create_time":"2019-01-01 00:00:00"}')
    expect((await readRepository(store, 'r')).directory).toBe('__palo_repository_r/')
    await expect(readRepository(store, 'other')).rejects.toThrow(
      /no repository 'other' in s3:\/\/backups\/found at http/,
    )
  })

  it('lists the labels of all snapshots and nothing else', async () => {
    const repository = await repositoryAt('labels')
    const labels = ['a', 'b_1', 'bad-label', 'späť']
    for (const label of labels) await writeSnapshot(repository.store, { repository: 'r', label, tablets: 1 })
    await repository.own.putJson('records/a.json.gz', {})
    expect((await all(repository.listSnapshots())).sort()).toEqual([...labels].sort())
  })
})

describe('a snapshot', () => {
  it('of a real frontend is read', async () => {
    const repository = await repositoryAt('recorded', 's3_repo')
    const { manifests } = recorded('4.1')
    for (const [key, text] of Object.entries(manifests)) await repository.store.put(key, text)
    const { info, manifest } = await repository.readManifest('snap1')
    expect(info).toMatchObject({ timestamp: '2026-11-20-19-48-09-416', md5: '756073b6d75803ef5bb0d83a68eaf132' })
    expect([...manifest.tables.keys()]).toEqual(['t1', 't2'])
    expect(manifest.backupTime).toBe(1795204089416)
  })

  it('is measured', async () => {
    const repository = await repositoryAt('measured')
    await writeSnapshot(repository.store, { repository: 'r', label: 'm', tablets: 3, bytesPerFile: 1000 })
    const { objects, bytes, newest } = await repository.measure('m')
    expect(objects).toBe(8)
    expect(bytes).toBeGreaterThan(3000)
    expect(Math.abs((newest?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(await repository.measure('none')).toEqual({ objects: 0, bytes: 0, newest: undefined })
  })

  it('that is not good says why', async () => {
    const repository = await repositoryAt('bad')
    const { store } = repository
    const write = (label: string, info?: Record<string, unknown>) =>
      writeSnapshot(store, { repository: 'r', label, tablets: 1, info })
    const state = async (label: string) => (await repository.lookAt(label)).state

    expect(await problem(repository.readManifest('none'))).toBe('missing')

    await store.deleteMany([(await write('incomplete')).info])
    expect(await state('incomplete')).toBe('incomplete')
    expect(await problem(repository.readManifest('incomplete'))).toBe('incomplete')

    await write('twice')
    await store.put(`${DIRECTORY('r')}__ss_twice/__info_2026-11-21-00-00-00-000.${md5('x')}`, 'x')
    expect(await state('twice')).toBe('several-manifests')
    expect(await problem(repository.readManifest('twice'))).toBe('several-manifests')

    const damaged = await write('damaged')
    await store.put(damaged.info, `${await store.getBytes(damaged.info, 10_000)} `)
    expect(await problem(repository.readManifest('damaged'))).toBe('md5')

    await store.deleteMany([(await write('unparsable')).info])
    await store.put(`${DIRECTORY('r')}__ss_unparsable/__info_2026-11-21-00-00-00-000.${md5('{"name"')}`, '{"name"')
    expect(await problem(repository.readManifest('unparsable'))).toBe('unparsable')

    await write('failed', { backup_result: 'failed' })
    expect(await problem(repository.readManifest('failed'))).toBe('failed')
    await write('renamed', { name: 'another' })
    await expect(repository.readManifest('renamed')).rejects.toThrow(/that of another snapshot, another/)

    await store.deleteMany([(await write('metaless')).meta])
    expect(await state('metaless')).toBe('no-meta')

    await store.put(`${DIRECTORY('r')}__ss_begun/__info_2026-11-21-00-00-00-000.part`, '')
    expect(await repository.lookAt('begun')).toMatchObject({ state: 'incomplete', infos: [], hasContent: false })
  })

  it('cannot be called what leads elsewhere', async () => {
    const repository = await repositoryAt('hostile')
    for (const label of ['', 'a/../b', '../x/']) {
      await expect(repository.deleteSnapshot(label)).rejects.toThrow(/cannot be the label/)
    }
  })
})

describe('deleting a snapshot', () => {
  it('takes it, its record, and nothing of its neighbours', async () => {
    const repository = await repositoryAt('deleting')
    const { store } = repository
    for (const label of ['s', 's1', 'as']) await writeSnapshot(store, { repository: 'r', label, tablets: 3 })
    for (const label of ['s', 's1']) await repository.own.putJson(`records/${label}.json.gz`, { label })
    expect(await repository.deleteSnapshot('s')).toMatchObject({ deleted: 8, failed: 0 })
    expect((await all(repository.listSnapshots())).sort()).toEqual(['as', 's1'])
    expect((await all(repository.own.list('records/'))).map(({ key }) => key)).toEqual(['records/s1.json.gz'])
    expect(await repository.measure('s1')).toMatchObject({ objects: 8 })
    expect(await repository.deleteSnapshot('s')).toMatchObject({ deleted: 0, failed: 0 })
  })

  it('takes the manifest first, and goes on where it was broken off', async () => {
    const repository = await repositoryAt('resuming')
    await writeSnapshot(repository.store, { repository: 'r', label: 'big', tablets: 800, filesPerTablet: 1 })
    const stop = new AbortController()
    const order: (number | string)[] = []
    const broken = repository.deleteSnapshot('big', {
      signal: stop.signal,
      onProgress: ({ deleted }) => {
        order.push(deleted)
        if (deleted >= 2) stop.abort(new Error('killed'))
      },
    })
    await expect(broken).rejects.toThrow('killed')
    expect(order[0]).toBe(1)
    expect((await repository.lookAt('big')).infos).toEqual([])
    expect(await problem(repository.readManifest('big'))).toMatch(/incomplete|missing/)
    await repository.deleteSnapshot('big')
    expect(await all(listObjects(repository.store, `${DIRECTORY('r')}__ss_big/`))).toEqual([])
  })

  it('that is locked leaves it whole, or says which objects it could not take', async () => {
    const { endpoint, region, accessKey, secretKey } = server
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
    const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials })
    await client.send(new CreateBucketCommand({ Bucket: 'locking', ObjectLockEnabledForBucket: true }))
    const lock = (key: string, seconds: number) => {
      const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + seconds * 1000) } as const
      return client.send(new PutObjectRetentionCommand({ Bucket: 'locking', Key: key, Retention }))
    }
    const store = openStore({ location: 's3a://locking', properties: server.properties })
    stores.push(store)
    const repository = new Repository(store, 'r')
    const whole = await writeSnapshot(store, { repository: 'r', label: 'whole', tablets: 2 })
    await lock(whole.info, 3600)
    const kept = await repository.deleteSnapshot('whole')
    expect(kept).toMatchObject({
      deleted: 0,
      failed: 1,
      failures: [{ key: whole.info, error: { kind: 'ObjectLocked' } }],
    })
    expect(await repository.readManifest('whole')).toHaveProperty('manifest')
    expect(await repository.measure('whole')).toMatchObject({ objects: 6 })

    const part = await writeSnapshot(store, { repository: 'r', label: 'part', tablets: 2 })
    const held = part.content[0] ?? ''
    await lock(held, 3600)
    await repository.own.putJson('records/part.json.gz', {})
    expect(await repository.deleteSnapshot('part')).toMatchObject({ deleted: 5, failed: 1, failures: [{ key: held }] })
    expect((await repository.lookAt('part')).state).toBe('incomplete')
    expect(await repository.own.head('records/part.json.gz')).toBeDefined()
    client.destroy()
  })
})
