import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  listObjects,
  type ObjectStore,
  openStore,
  readRepository,
  StorageError,
  verifySnapshot,
} from '../../repository/index.ts'
import { WebHdfsServer } from './support/webhdfs-server.ts'
import { writeRepositoryInfo, writeSnapshot } from './support/write-snapshot.ts'

let directory: string
let server: WebHdfsServer
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-webhdfs-'))
  server = await new WebHdfsServer(directory).start()
})
afterEach(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

const open = (webHdfs: string | string[] = server.endpoint, username = 'sr') =>
  openStore({ location: 'hdfs://ns/backup', properties: { username, password: '' }, access: { webHdfs } })

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of listObjects(store, prefix)) keys.push(key)
  return keys.sort()
}

const kindOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(StorageError)
  return (error as StorageError).kind
}

describe('files in HDFS', () => {
  it('are written, read, listed and deleted below the location', async () => {
    const store = open()
    const names = ['a/x', 'a/y z+%25', 'a/ключ', 'a/b/deep', 'top']
    for (const name of names) expect(await store.put(name, `content of ${name}`)).toMatchObject({ written: true })
    expect(existsSync(path.join(directory, 'backup/a/b/deep'))).toBe(true)
    expect(await keysOf(store, '')).toEqual([...names].sort())
    expect(await keysOf(store, 'a/')).toEqual(names.slice(0, 4).sort())
    expect(await keysOf(store, 'a/y')).toEqual(['a/y z+%25'])
    expect(await keysOf(store, 'none/')).toEqual([])
    for (const name of names) expect((await store.getBytes(name, 100)).toString()).toBe(`content of ${name}`)
    expect(await store.head('top')).toMatchObject({ key: 'top', size: 14 })
    expect(await store.head('a')).toBeUndefined()
    expect(await kindOf(store.getBytes('none', 10))).toBe('NotFound')
    expect(await kindOf(store.getBytes('top', 3))).toBe('TooLarge')
    const prefixes: string[] = []
    for await (const page of store.list('', { delimiter: '/' })) prefixes.push(...page.prefixes)
    expect(prefixes).toEqual(['a/'])
    expect(await store.deletePrefix('a/')).toMatchObject({ deleted: 4, failed: 0 })
    expect(existsSync(path.join(directory, 'backup/a'))).toBe(false)
    expect(await store.deleteMany(['top', 'none'])).toMatchObject({ deleted: 2, failed: 0 })
  })

  it('are written through HttpFS, which takes bytes of one type only', async () => {
    server.httpFs = true
    const store = open()
    for (const body of ['text', Buffer.from('bytes')]) {
      expect(await store.put('x', body)).toMatchObject({ written: true })
      expect((await store.getBytes('x', 10)).toString()).toBe(body.toString())
    }
  })

  it('are listed in portions, and whole where the namenode is of Hadoop 2', async () => {
    const store = open()
    for (let i = 0; i < 8; i++) await store.put(`d/${i}`, '')
    expect(await keysOf(store, 'd/')).toHaveLength(8)
    expect(server.asked.filter((op) => op === 'LISTSTATUS_BATCH')).toHaveLength(3)
    server.old = true
    server.asked.length = 0
    expect(await keysOf(store, 'd/')).toHaveLength(8)
    expect(await keysOf(store, 'd/')).toHaveLength(8)
    expect(server.asked).toEqual(['LISTSTATUS_BATCH', 'LISTSTATUS', 'LISTSTATUS'])
  })

  it('are created only where nothing is', async () => {
    const store = open()
    const first = await store.put('k', 'one', { ifAbsent: true })
    expect(first).toMatchObject({ written: true, atomic: true })
    expect(await store.put('k', 'two', { ifAbsent: true })).toEqual({ written: false, atomic: true })
    expect(await store.put('k', 'longer', { ifMatch: first.etag })).toMatchObject({ written: true, atomic: false })
    expect(await store.put('k', 'three', { ifMatch: first.etag })).toMatchObject({ written: false })
    expect((await store.getBytes('k', 10)).toString()).toBe('longer')
  })

  it('hold a whole repository: snapshots, verification, leases, deletion', async () => {
    const store = open()
    await writeRepositoryInfo(store, 'r')
    const repository = await readRepository(store, 'r')
    await writeSnapshot(store, { repository: 'r', label: 's1', tablets: 4 })
    const labels: string[] = []
    for await (const label of repository.listSnapshots()) labels.push(label)
    expect(labels).toEqual(['s1'])
    expect(await verifySnapshot(repository, 's1', { deep: true })).toMatchObject({ ok: true, readObjects: 8 })
    expect(await repository.leases.acquire('read', 's1', {}, 60)).toHaveProperty('renew')
    expect(await repository.leases.acquire('read', 's1', {}, 60)).toHaveProperty('heldBy')
    await repository.own.putJson('records/s1.json.gz', {})
    expect(await repository.deleteSnapshot('s1')).toMatchObject({ failed: 0 })
    expect((await repository.lookAt('s1')).state).toBe('missing')
    expect(await repository.own.head('records/s1.json.gz')).toBeUndefined()
  })
})

describe('namenodes', () => {
  it('that are standby or down are passed over, and the active one is remembered', async () => {
    const other = await new WebHdfsServer(directory).start()
    try {
      server.standby = true
      const store = open(['http://127.0.0.1:1', server.endpoint, other.endpoint])
      await store.put('x', 'x')
      const before = server.asked.length
      expect(await keysOf(store, '')).toEqual(['x'])
      expect(server.asked.length).toBe(before)
      // A failover.
      server.standby = false
      other.standby = true
      expect((await store.getBytes('x', 10)).toString()).toBe('x')
    } finally {
      await other.stop()
    }
  })

  it('are found in the properties of a repository', () => {
    const ha = {
      'dfs.nameservices': 'ns',
      'dfs.ha.namenodes.ns': 'nn1, nn2',
      'dfs.namenode.rpc-address.ns.nn1': 'host1:8020',
      'dfs.namenode.rpc-address.ns.nn2': 'host2:8020',
      'dfs.namenode.http-address.ns.nn2': 'host2:50070',
    }
    const at = (location: string, properties = {}) => openStore({ location, properties }).description
    expect(at('hdfs://ns/backup', ha)).toBe('hdfs://ns/backup by WebHDFS at http://host1:9870, http://host2:50070')
    expect(at('hdfs://host:8020/backup')).toMatch(/at http:\/\/host:9870$/)
    expect(() => at('viewfs://cluster/backup')).toThrow(
      /namenodes of viewfs:.* are not known – name their web addresses/,
    )
  })
})

describe('what HDFS refuses', () => {
  it('has a kind', async () => {
    expect(await kindOf(open(server.endpoint, 'mallory').put('x', 'x'))).toBe('Denied')
    server.safeMode = true
    expect(await kindOf(open().put('x', 'x'))).toBe('Throttled')
    server.safeMode = false
    server.standby = true
    expect(await kindOf(keysOf(open(), ''))).toBe('Unreachable')
    expect(await kindOf(keysOf(open('http://127.0.0.1:1'), ''))).toBe('Unreachable')
  })

  it('is not taken for an empty directory when something else answers', async () => {
    const store = open()
    await store.put('d/x', 'x')
    server.gateway = true
    const works = [() => keysOf(store, 'd/'), () => store.head('d/x'), () => store.getBytes('d/x', 10)]
    for (const work of works) expect(await kindOf(work())).toBe('Unreachable')
    const { deleted, stopped } = await store.deletePrefix('d/')
    expect({ deleted, kind: stopped?.kind }).toEqual({ deleted: 0, kind: 'Unreachable' })
    await expect(readRepository(store, 'r')).rejects.toThrow(/status 404 – whoever answered is no namenode/)
    server.gateway = false
    expect(await keysOf(store, 'd/')).toEqual(['d/x'])
  })

  it('Kerberos: told when it is configured, and when only the server knows', async () => {
    const properties = { 'hadoop.security.authentication': 'kerberos', kerberos_principal: 'sr@R' }
    expect(() => openStore({ location: 'hdfs://ns/backup', properties })).toThrow(
      /cannot be reached from the worker: hdfs:\/\/ns\/backup asks for Kerberos/,
    )
    server.kerberos = true
    await expect(open().put('x', 'x')).rejects.toThrow(/asks for Kerberos/)
  })
})
