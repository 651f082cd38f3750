import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/index.ts'
import { listObjects, type ObjectStore } from '../../repository/index.ts'
import { until } from '../support/until.ts'
import { LOCATION, REPOSITORY, s3Properties, seedStage } from './support/seed-stage.ts'
import { makeHub, objectsOf, rowsOf } from './support/sr-hub.ts'

const stage = seedStage()
let cluster: LabCluster
let refusing: Server

beforeAll(async () => {
  cluster = await stage.cluster({ name: 'here' })
  // A store whose keys have run out answers like this.
  refusing = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/xml' })
    response.end(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message><RequestId>1</RequestId></Error>',
    )
  })
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise((resolve) => refusing?.close(resolve)))

const keysOf = async (store: ObjectStore, label: string, match: RegExp): Promise<string[]> => {
  const keys: string[] = []
  for await (const { key } of listObjects(store, `__starrocks_repository_${REPOSITORY}/__ss_${label}/`)) {
    if (match.test(key)) keys.push(key)
  }
  return keys.sort()
}

interface Damage {
  what: string
  /** Does it, and answers what has to be named. */
  make(store: ObjectStore, label: string): Promise<string>
}

const content = async (store: ObjectStore, label: string) =>
  (await keysOf(store, label, /__ss_content\/.*\.[0-9a-f]{32}$/))[0] ?? ''

const damages: Damage[] = [
  {
    what: 'a manifest that is no JSON any more',
    async make(store, label) {
      const [key = ''] = await keysOf(store, label, /__info_/)
      await store.put(key, '{"backup_result":"suc')
      return key
    },
  },
  {
    what: 'definitions (__meta) with another content',
    async make(store, label) {
      const [key = ''] = await keysOf(store, label, /__meta\./)
      await store.put(key, 'not what its md5 says')
      return key
    },
  },
  {
    what: 'an object that is gone',
    async make(store, label) {
      const key = await content(store, label)
      const directory = key.slice(0, key.lastIndexOf('/') + 1)
      await store.deletePrefix(directory)
      return directory.slice(directory.indexOf('__ss_content'))
    },
  },
  {
    what: 'an object with another content',
    async make(store, label) {
      const key = await content(store, label)
      await store.put(key, 'something else')
      return key
    },
  },
  {
    what: 'two variants of one file',
    async make(store, label) {
      const key = await content(store, label)
      const { createHash } = await import('node:crypto')
      const text = 'another variant'
      await store.put(`${key.slice(0, -32)}${createHash('md5').update(text).digest('hex')}`, text)
      return key.slice(key.indexOf('__ss_content'), -33)
    },
  },
  {
    what: 'an upload that was never finished (.part)',
    async make(store, label) {
      const key = `${(await content(store, label)).slice(0, -33)}.part`
      await store.put(key, 'half')
      return key
    },
  },
]

describe.concurrent('damage in the repository', () => {
  test.each(damages)('$what: found, named, never taken for good', async ({ what, make }) => {
    const database = `d${damages.findIndex((one) => one.what === what)}`
    makeHub(cluster, database)
    const label = stage.idOf(await stage.backUp('here', { database: [database], name: database }))
    const store = stage.store()
    const named = await make(store, label)
    store.close()

    const verified = await stage.backups.verify({ repository: REPOSITORY, database, deep: true })
    const problems = JSON.stringify(verified.problems)
    expect(problems).toContain(named)
    expect(verified.ok).toBe(false)
    expect(verified.broken).toContain(label)

    // Nothing is put upon it.
    const next = await stage.backUp('here', { database: [database], name: database }, 'auto')
    expect(next.backups[0]?.kind).toBe('full')

    // Nothing is restored from it.
    expect(await stage.refusal(stage.restore('here', { label, as: `${database}_new` }))).toMatch(/damage/)
    expect(objectsOf(cluster, `${database}_new`)).toEqual([])
  })
})

describe('stores that cannot be read', () => {
  const access = () => ({
    endpoint: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`,
    accessKey: 'temporary-key',
    secretKey: 'temporary-secret',
  })

  test('credentials that expired: said in so many words; a restore waits for new ones, and nothing is done before', async () => {
    makeHub(cluster, 'expired')
    const properties = s3Properties(stage.s3)
    const label = stage.idOf(await stage.backUp('here', { database: ['expired'] }))
    const jobs = cluster.backupJobs.length
    stage.repository(REPOSITORY, { location: LOCATION, properties, access: access() })
    const list = await stage.refusal(stage.backups.backups({ repository: REPOSITORY }))
    expect(list).toMatch(/expired/i)
    expect(list).not.toContain('temporary-secret')
    const name = await stage.startRestore('here', { database: 'expired', as: 'renewed' })
    await until('it says what it waits for', async () =>
      /expired/i.test((await stage.restores.status(name)).job?.waiting ?? ''),
    )
    expect(cluster.backupJobs).toHaveLength(jobs)
    stage.repository(REPOSITORY, { location: LOCATION, properties })
    expect(await stage.restores.result(name)).toMatchObject({ ok: true, backup: label })
    expect(await rowsOf(cluster, 'renewed.sr_pmc')).toEqual(['1,x', '2,y'])
  })

  test('a bucket that is not there, or may not be read', async () => {
    const properties = s3Properties(stage.s3)
    stage.repository('gone', { location: 's3a://no-bucket-here/base', properties })
    expect(await stage.refusal(stage.backups.backups({ repository: 'gone' }))).toMatch(/no-bucket-here/)
    stage.repository('foreign', {
      location: LOCATION,
      properties: { ...properties, 'aws.s3.secret_key': 'wrong-secret' },
    })
    const refusal = await stage.refusal(stage.backups.backups({ repository: 'foreign' }))
    expect(refusal).toMatch(/denied|refused|key/i)
    expect(refusal).not.toContain('wrong-secret')
  })
})

test('disks that are full while a restore fetches: told, and waited for; it goes on by itself', async () => {
  const full = await stage.cluster({ name: 'full', nodes: 1 })
  makeHub(full, 'hub')
  const label = stage.idOf(await stage.backUp('full', { database: ['hub'] }))
  const rows = await rowsOf(full, 'hub.sr_pmc')
  const fault = full.faults.inject({ kind: 'fail-snapshot-task', error: 'capacity limit reached', job: 'restore' })
  const name = await stage.startRestore('full', { label, table: ['sr_pmc'] })
  const seen = await until('it tells of the disk', async () => {
    const { job } = await stage.restores.status(name)
    return job?.problems?.join().includes('capacity limit') ? job : undefined
  })
  expect(seen.state).toMatch(/DOWNLOAD/)
  fault.clear()
  expect((await stage.restores.result(name)).ok).toBe(true)
  expect(await rowsOf(full, 'hub.sr_pmc')).toEqual(rows)
})
