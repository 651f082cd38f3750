import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { RepositoriesAnswer, RepositoriesInput } from '../../contract/backup/repository-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { LabCluster, type LabClusterOptions } from '../../lab/index.ts'
import { listObjects, openStore } from '../../repository/index.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'

let server: S3Server
let temporal: TestTemporal
let worker: LabWorker
const clusters: LabCluster[] = []
beforeAll(async () => {
  ;[server, temporal] = await Promise.all([startTestS3(), startTemporal()])
  worker = await LabWorker.start(temporal)
})
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()))
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
  await server?.stop()
})

async function lab(name: string, options: Partial<LabClusterOptions> = {}): Promise<LabCluster> {
  const cluster = await LabCluster.start({ name, version: '3.5', timeFactor: 100, ...options })
  clusters.push(cluster)
  worker.configure({ [name]: accessTo(cluster) })
  return cluster
}

let count = 0
const ask = (input: RepositoriesInput): Promise<RepositoriesAnswer> =>
  temporal.client.workflow.execute('repositories', {
    workflowId: `repositories-${++count}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  })
const codes = ({ findings }: RepositoriesAnswer) => findings.map(({ code }) => code)
const at = (path: string, properties = server.properties) => ({ location: `s3a://backups/${path}`, properties })

describe.each(['3.3', '3.5', '4.1'] as const)('a repository of %s', (version) => {
  it('is created, shown, proven, dropped, and adopted again with what it holds', async () => {
    const cluster = await lab('east', { version })
    worker.configureRepositories({ vault: at(`life-${version}`), spare: at('spare') })
    const created = await ask({ op: 'create', cluster: 'east', repository: 'vault' })
    expect(created).toMatchObject({
      ok: true,
      rows: [{ name: 'vault', configured: 'same', reachable: 'yes', readOnly: false }],
    })
    expect(created.statement).toMatch(/^CREATE REPOSITORY `vault` WITH BROKER ON LOCATION/)
    expect(created.statement).not.toContain('lab-secret-key')
    expect(codes(await ask({ op: 'create', cluster: 'east', repository: 'vault' }))).toContain('repository-exists')

    const listed = await ask({ op: 'list', cluster: 'east' })
    expect(listed.rows).toMatchObject([
      { name: 'spare', configured: 'not on the cluster', reachable: expect.stringMatching(/no repository 'spare'/) },
      { name: 'vault', configured: 'same', error: '' },
    ])

    const databases = [...cluster.state.databases.keys()]
    const proven = await ask({ op: 'check', cluster: 'east', repository: 'vault' })
    expect(proven.findings).toMatchObject([{ level: 'info', code: 'repository-proven' }])
    expect(proven.ok).toBe(true)
    // Nothing is left of it, neither there nor here.
    expect([...cluster.state.databases.keys()]).toEqual(databases)
    expect(await keys(`life-${version}`)).toEqual([expect.stringMatching(/__repo_info$/)])

    const dropped = await ask({ op: 'drop', cluster: 'east', repository: 'vault' })
    expect(dropped).toMatchObject({ ok: true, statement: 'DROP REPOSITORY `vault`' })
    expect(dropped.findings[0]?.message).toMatch(/All that is stored at s3a:\/\/backups\/life-.* stays/)
    expect(codes(await ask({ op: 'drop', cluster: 'east', repository: 'vault' }))).toEqual(['repository-absent'])
    expect(await ask({ op: 'create', cluster: 'east', repository: 'vault', readOnly: true })).toMatchObject({
      ok: true,
      rows: [{ readOnly: true }],
    })
    expect(codes(await ask({ op: 'check', cluster: 'east', repository: 'vault' }))).toEqual(['repository-read-only'])
    expect(codes(await ask({ op: 'create', cluster: 'east', repository: 'vault' }))).toContain('repository-read-only')
  })
})

describe('known mistakes', () => {
  it('are found before StarRocks sees the statement', async () => {
    const cluster = await lab('east')
    worker.configureRepositories({
      bucket: { location: 's3a://my_bucket/x', properties: server.properties },
      bare: at('x', { ...server.properties, 'aws.s3.endpoint': 'minio:9000' }),
    })
    const bucket = await ask({ op: 'create', cluster: 'east', repository: 'bucket' })
    const bare = await ask({ op: 'create', cluster: 'east', repository: 'bare' })
    expect([bucket.ok, bare.ok]).toEqual([false, false])
    expect(codes(bucket)).toContain('repository-bucket-underscore')
    expect(codes(bare)).toContain('repository-endpoint-scheme')
    expect(cluster.state.repositories.size).toBe(0)
  })

  it('of another place under the same name is fatal', async () => {
    await lab('east')
    worker.configureRepositories({ vault: at('one') })
    await ask({ op: 'create', cluster: 'east', repository: 'vault' })
    worker.configureRepositories({ vault: at('two') })
    const answer = await ask({ op: 'create', cluster: 'east', repository: 'vault' })
    expect(answer).toMatchObject({ ok: false, rows: [{ configured: 'other location' }] })
    expect(codes(answer)).toContain('repository-other-location')
    expect(codes(await ask({ op: 'check', cluster: 'east', repository: 'vault' }))).toEqual([
      'repository-other-location',
    ])
  })

  it('that keep a frontend waiting are given up with a clear word', async () => {
    await lab('east', { timeFactor: 1 })
    worker.configureRepositories({ dead: at('x', { ...server.properties, 'aws.s3.endpoint': 'http://127.0.0.1:9' }) })
    const answer = await ask({ op: 'create', cluster: 'east', repository: 'dead', timeoutSeconds: 1 })
    expect(answer.ok).toBe(false)
    expect(codes(answer)).toContain('repository-no-answer')
    expect(answer.findings.at(-1)?.message).toMatch(
      /not answered within 1 s; it has been given up here, not on the cluster/,
    )
  })

  it('in what is asked for are told in one clear error', async () => {
    await lab('east')
    worker.configureRepositories({ vault: at('one') })
    await expect(ask({ op: 'check', cluster: 'east', repository: 'valt' })).rejects.toMatchObject({
      cause: { cause: { message: expect.stringMatching(/no repository 'valt'; did you mean 'vault'\?/) } },
    })
    const wrong = { op: 'create', cluster: 'east', repository: 'vault', readonly: true } as unknown as RepositoriesInput
    await expect(ask(wrong)).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/unknown key 'readonly'/) },
    })
  })
})

async function keys(path: string): Promise<string[]> {
  const store = openStore(at(path))
  const found: string[] = []
  for await (const { key } of listObjects(store, '')) found.push(key)
  store.close()
  return found
}
