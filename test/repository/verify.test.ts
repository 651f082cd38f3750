import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyLabel } from '../../activities/repository/verify-label.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type ObjectStore, openStore, Repository, StorageError, verifySnapshot } from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { recorded, VERSIONS } from './support/recorded.ts'
import { DIRECTORY, md5, type Written, writeSnapshot } from './support/write-snapshot.ts'

let server: S3Server
let store: ObjectStore
let repository: Repository
let written: Written
let label: string
let count = 0
beforeAll(async () => {
  server = await startTestS3()
  store = openStore({ location: 's3a://backups/verify', properties: server.properties })
  repository = new Repository(store, 'r')
})
afterAll(async () => {
  store?.close()
  await server?.stop()
})

async function fresh(tablets = 4): Promise<void> {
  label = `s${++count}`
  written = await writeSnapshot(store, { repository: 'r', label, tablets })
}

const kinds = async (options = {}) =>
  (await verifySnapshot(repository, label, options)).findings.map(({ kind, key }) => `${kind} ${key.split('/').at(-1)}`)
const key = (at: number) => written.content[at] ?? ''
const nameOf = (key: string) => key.split('/').at(-1) ?? ''

describe('verifying a snapshot', () => {
  it('that is whole finds nothing, and tells what it read', async () => {
    await fresh(5)
    const seen: number[] = []
    const result = await verifySnapshot(repository, label, { deep: true, onProgress: (p) => seen.push(p.readObjects) })
    expect(result).toMatchObject({ ok: true, findings: [], objects: 12, tablets: 5, readObjects: 10 })
    expect(result.timestamp).toBe('2026-11-20-19-49-08-084')
    expect(result.readBytes).toBeLessThan(result.bytes)
    expect(seen.at(-1)).toBe(10)
    expect(await verifySnapshot(repository, label, { sample: 3 })).toMatchObject({ ok: true, readObjects: 3 })
    expect(await verifySnapshot(repository, label, { sample: 0 })).toMatchObject({ ok: true, readObjects: 0 })
  })

  it('finds a wrong content when it reads everything, and when the store attests another md5', async () => {
    await fresh(100)
    await store.put(key(7), Buffer.alloc(50, 'changed'))
    expect(await kinds({ deep: true })).toEqual([`md5 ${nameOf(key(7))}`])
    expect(await kinds({ sample: 2 })).toEqual([`md5 ${nameOf(key(7))}`])
  })

  it('finds a truncated object by its size alone', async () => {
    await fresh()
    await store.put(key(0), '')
    expect(await kinds({ sample: 0 })).toEqual([`empty ${nameOf(key(0))}`])
  })

  it('finds a tablet without objects, and one without header', async () => {
    await fresh()
    const first = written.content.filter((key) => key.includes('/__20000/'))
    const header = written.content.find((key) => key.includes('20001.hdr')) ?? ''
    await store.deleteMany([...first, header])
    const { findings, ok } = await verifySnapshot(repository, label)
    expect(ok).toBe(false)
    expect(findings.map(({ kind, key, problem }) => `${kind} ${key.split('/').at(-2)}: ${problem}`)).toEqual([
      'no-header __20001: the header of the tablet is missing',
      'missing-tablet __20000: a tablet of table t, partition p1, has no objects',
    ])
  })

  it('finds unfinished uploads, and one file in two contents', async () => {
    await fresh()
    const directory = key(0).slice(0, key(0).lastIndexOf('/') + 1)
    const base = nameOf(key(0)).slice(0, -33)
    await store.put(`${directory}0200_9.dat.part`, 'half')
    await store.put(`${directory}${base}.${md5('later')}`, 'later')
    const found = await kinds({ deep: true })
    expect(found.sort()).toEqual(['part 0200_9.dat.part', `variants ${base}`])
  })

  it('warns of what does not belong there, and takes the snapshot for good', async () => {
    await fresh()
    const stray = key(0).replace('/__20000/', '/__29999/')
    await store.put(stray, 'x')
    await store.put(`${DIRECTORY('r')}__ss_${label}/README`, 'x')
    const result = await verifySnapshot(repository, label, { sample: 0 })
    expect(result).toMatchObject({ ok: true, errors: 0, warnings: 2 })
  })

  it('does not lose what is missing among thousands that do not belong there', async () => {
    await fresh(2)
    const strays = Array.from({ length: 1_010 }, (_, i) => `${DIRECTORY('r')}__ss_${label}/README${i}`)
    while (strays.length > 0) await Promise.all(strays.splice(-32).map((stray) => store.put(stray, 'x')))
    expect(await verifyLabel(repository, label, { mode: 'manifest' })).toMatchObject({
      ok: true,
      problems: [],
      more: 0,
    })
    const header = written.content.find((key) => key.endsWith(md5('header 20001'))) ?? ''
    await store.deleteMany([header])
    const result = await verifySnapshot(repository, label, { sample: 0 })
    expect(result).toMatchObject({ ok: false, errors: 1, warnings: 1_010, more: 10 })
    expect(result.findings.filter(({ severity }) => severity === 'error')).toMatchObject([{ kind: 'no-header' }])
    const verified = await verifyLabel(repository, label, { mode: 'manifest' })
    expect(verified).toMatchObject({ ok: false, problems: [{ object: expect.stringContaining('/__20001/') }], more: 0 })
  })

  it('finds what the manifest lists by name and is not there', async () => {
    label = `s${++count}`
    const index = { schema_hash: 1, id: 14, tablets: { 20000: ['0200000000000001_20000_0.dat', 'gone.dat'] } }
    const partition = { id: 13, version: 7, indexes: { t: index }, subPartitions: {} }
    const info = { backup_objects: { t: { id: 11, partitions: { p1: partition } } } }
    written = await writeSnapshot(store, { repository: 'r', label, tablets: 1, info })
    expect(await kinds()).toEqual(['missing-file gone.dat'])
  })

  it('without a good manifest or meta checks what it can', async () => {
    await fresh()
    await store.put(written.meta, 'damaged')
    expect(await kinds()).toEqual([`md5 ${nameOf(written.meta)}`])
    await store.deleteMany([written.info, written.meta])
    const header = written.content.find((key) => key.endsWith(md5('header 20002'))) ?? ''
    await store.deleteMany([header])
    const { findings } = await verifySnapshot(repository, label)
    expect(findings.map(({ kind }) => kind)).toEqual(['meta', 'manifest', 'no-header'])
    expect((await verifySnapshot(repository, 'never-was')).findings.map(({ kind }) => kind)).toEqual(['manifest'])
  })

  it('bounds what it lists, and counts the rest', async () => {
    await fresh(1100)
    await store.deletePrefix(`${DIRECTORY('r')}__ss_${label}/__ss_content/`)
    const result = await verifySnapshot(repository, label)
    expect(result).toMatchObject({ ok: false, errors: 1100, more: 100 })
    expect(result.findings).toHaveLength(1000)
  })

  it('of a store that is gone is an error, not a finding', async () => {
    const gone = openStore({
      location: 's3a://backups/verify',
      properties: { ...server.properties, 'aws.s3.endpoint': 'http://127.0.0.1:1' },
    })
    await expect(verifySnapshot(new Repository(gone, 'r'), label)).rejects.toThrow(StorageError)
    gone.close()
  })

  it('of a store that goes away meanwhile is an error, not a finding', async () => {
    const other = await startTestS3()
    const properties = other.properties
    const leaving = openStore({ location: 's3a://backups/verify', properties })
    try {
      await writeSnapshot(leaving, { repository: 'r', label: 'x', tablets: 10 })
      const get = leaving.get.bind(leaving)
      let gets = 0
      leaving.get = async (key, options) => {
        // The manifest is read otherwise; the meta and two more are read before.
        if (++gets === 4) await other.kill()
        return get(key, options)
      }
      const verified = verifySnapshot(new Repository(leaving, 'r'), 'x', { deep: true, parallel: 2 })
      await expect(verified).rejects.toMatchObject({ name: 'StorageError', kind: 'Unreachable' })
    } finally {
      leaving.close()
      await other.stop()
    }
  })

  it.each(VERSIONS)('takes the trees that frontends of %s left for whole', async (version) => {
    const { tree, manifests } = recorded(version)
    const location = `s3a://backups/recorded-${version}`
    const recordedStore = openStore({ location, properties: server.properties })
    const left = [...tree]
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let next = left.pop(); next; next = left.pop()) {
          await recordedStore.put(next[0], manifests[next[0]] ?? Buffer.alloc(next[1]))
        }
      }),
    )
    const real = new Repository(recordedStore, 's3_repo')
    let all = 0
    for (const key of Object.keys(manifests)) {
      const label = /__ss_([^/]+)\//.exec(key)?.[1] ?? ''
      const { findings, tablets } = await verifySnapshot(real, label, { sample: 0 })
      // The content was not recorded: of the meta, which is always read, only that it is another one.
      expect(findings.filter(({ key }) => !key.includes('__meta.'))).toEqual([])
      all += tablets
    }
    expect(all).toBeGreaterThan(20)
    recordedStore.close()
  })
})
