import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leasesOf, protectSnapshots } from '../../activities/repository/leases.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type {
  BackupsInput,
  BackupsPage,
  PruneResult,
  VerifyInput,
  VerifyResult,
} from '../../contract/backup/repository-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { writeSnapshot } from '../repository/support/write-snapshot.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  ;[server, temporal] = await Promise.all([startVaults(), startTemporal()])
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
  await server?.stop()
})

async function vault(path: string): Promise<Vault> {
  const made = await Vault.on(server, path)
  worker.configureRepositories(made.config)
  return made
}

let count = 0
function run<T>(type: string, input: object): Promise<T> {
  return temporal.client.workflow.execute<(input: object) => Promise<T>>(type, {
    workflowId: `${type}-${++count}`,
    taskQueue: TASK_QUEUE,
    args: [{ repository: 'vault', ...input }],
  })
}
const list = (input: Omit<BackupsInput, 'repository'> = {}) => run<BackupsPage>('backups', input)
const verify = (input: Omit<VerifyInput, 'repository'> = {}) => run<VerifyResult>('verifyBackups', input)
const day = (n: number) => `2026-03-${String(n).padStart(2, '0')}T02:00:00.000Z`
const ids = ({ rows }: BackupsPage) => rows.map(({ id }) => id)

/** Keys of its data files. */
async function dataOf(made: Vault, label: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { objects } of made.store.list(made.repository.snapshotDirectory(label))) {
    keys.push(...objects.flatMap(({ key }) => (key.includes('.dat.') ? [key] : [])))
  }
  return keys
}

async function chain(made: Vault): Promise<void> {
  await made.backup({ id: 'f1', finishedAt: day(1), bytes: 100 })
  await made.backup({ id: 'i2', labels: ['f1', 'i2'], finishedAt: day(2), kind: 'incremental', base: 'f1', bytes: 10 })
  await made.backup({
    id: 'i3',
    labels: ['f1', 'i2', 'i3'],
    finishedAt: day(3),
    kind: 'incremental',
    base: 'f1',
    bytes: 10,
  })
  await made.backup({
    id: 'same',
    labels: ['f1', 'i2', 'i3'],
    own: 0,
    finishedAt: day(4),
    kind: 'incremental',
    base: 'f1',
  })
  await made.backup({ id: 'w1', cluster: 'west', database: 'crm', name: 'weekly', finishedAt: day(2), bytes: 7 })
}

describe('what a repository holds', () => {
  it('is told newest first, by cluster, database and policy, page by page', async () => {
    const made = await vault('list')
    await chain(made)
    const all = await list()
    expect(ids(all)).toEqual(['same', 'i3', 'w1', 'i2', 'f1'])
    expect(all.totals).toEqual({ backups: 5, bytes: 127 })
    expect(all.rows[1]).toMatchObject({
      state: 'complete',
      kind: 'incremental',
      chain: 3,
      whole: true,
      tables: 1,
      partitions: 1,
    })
    expect(all.rows[0]).toMatchObject({ chain: 4, labels: ['f1', 'i2', 'i3'] })
    expect(ids(await list({ cluster: 'west' }))).toEqual(['w1'])
    expect(ids(await list({ database: 'd', policy: 'nightly', limit: 3 }))).toEqual(['same', 'i3', 'i2'])
    const first = await list({ limit: 2 })
    expect(ids(await list({ limit: 2, after: first.next }))).toEqual(['w1', 'i2'])
    expect((await list({ limit: 2, after: 'i2' })).next).toBeUndefined()
  })

  it('in full names partitions with version and the snapshot that holds them', async () => {
    const made = await vault('show')
    await chain(made)
    const page = await list({ id: 'i3' })
    expect(page.rows).toMatchObject([{ id: 'i3', whole: true }])
    expect(page.objects?.[0]).toEqual({
      name: 't',
      kind: 'table',
      partitions: [{ name: 'p1', version: '7', label: 'i3', rows: '42' }],
      more: 0,
    })
    expect(page.notIncluded).toEqual([{ object: 'ext', reason: 'an external table' }])
    await expect(list({ id: 'nothing' })).rejects.toMatchObject({
      cause: { cause: { message: expect.stringMatching(/holds no backup or snapshot 'nothing'/) } },
    })
  })

  it('says what is damaged, being written, left or foreign', async () => {
    const made = await vault('states')
    await chain(made)
    await writeSnapshot(made.store, { repository: 'vault', label: 'by_hand', tablets: 1 })
    await made.intent({ id: 'coming' }, 'backup/nightly/d')
    const torn = 'sf_d_20260301T020000000_abc1231'
    await made.store.put(`${made.repository.snapshotDirectory(torn)}__meta.${'0'.repeat(32)}`, 'x')
    await made.store.deletePrefix(made.repository.snapshotDirectory('i2'))
    await made.objects.marks.announce('w1', ['w1'], undefined)
    await made.store.put('__starferry_vault/records/broken.json.gz', 'no gzip')

    const { rows, notes } = await list({ all: true })
    const states = Object.fromEntries(rows.map(({ id, state, whole }) => [id, [state, whole]]))
    expect(states).toEqual({
      f1: ['complete', true],
      i2: ['damaged', false],
      i3: ['damaged', false],
      same: ['damaged', false],
      w1: ['being deleted', false],
      by_hand: ['foreign', undefined],
      coming: ['being written', undefined],
      [torn]: ['leftover', undefined],
    })
    expect(notes?.join()).toMatch(/records\/broken.json.gz is damaged/)
    const shown = await list({ id: 'by_hand' })
    expect(shown).toMatchObject({ rows: [{ state: 'foreign', database: 'd' }], objects: [{ name: 't' }] })
  })

  it('fits through a workflow however long it is', async () => {
    const made = await vault('long')
    const labels = Array.from(
      { length: 60 },
      (_, i) => `sf_a_database_with_a_long_name_20260301T020000000_${String(i).padStart(6, '0')}1`,
    )
    for (let i = 0; i < 120; i++) {
      await made.backup({
        id: `b${String(i).padStart(3, '0')}`,
        labels: [...labels, `own${i}`],
        finishedAt: day(1 + (i % 28)),
        recordOnly: true,
      })
    }
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await list({ after, limit: 500 })
      expect(JSON.stringify(page).length).toBeLessThan(200_000)
      seen.push(...ids(page))
      after = page.next
      if (after === undefined) break
    }
    expect(new Set(seen).size).toBe(120)
  })
})

describe('verification', () => {
  it('reads each snapshot once, and says which backups are whole', async () => {
    const made = await vault('verify')
    await chain(made)
    const result = await verify({ deep: true })
    expect(result).toMatchObject({ ok: true, backups: 5, whole: 5, broken: [], problems: [], more: 0 })
    // Four snapshots of two tablets: data and header each, a meta and a manifest.
    expect(result.objects).toBe(4 * (2 * 2 + 2))
    expect((await list()).rows[0]?.verified).toMatch(/^ok \(deep\) 20/)
    expect(await made.objects.verification('i3')).toMatchObject({ ok: true, mode: 'deep', problems: [] })
    expect(await made.ownKeys()).not.toContainEqual(expect.stringMatching(/^leases/))
  })

  it('gives back what it and former runs of it protect, and nothing of a namesake in another Temporal', async () => {
    const made = await vault('namesakes')
    await made.backup({ id: 'f1', finishedAt: day(1) })
    const workflowId = 'verify/namesake'
    const former = await temporal.client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' })
    await former.terminate()
    const elsewhere = randomUUID()
    for (const runId of [former.firstExecutionRunId, elsewhere, undefined]) {
      await protectSnapshots(made.repository, { holder: workflowId, runId, why: 'verified', labels: ['f1'] })
    }
    const options = { workflowId, taskQueue: TASK_QUEUE, args: [{ repository: 'vault' }] }
    expect(await temporal.client.workflow.execute('verifyBackups', options)).toMatchObject({ ok: true })
    const left = await leasesOf(made.repository).list('read')
    expect(left.map(({ info }) => info.runId)).toEqual([elsewhere])
  })

  it('finds damage, names the object, and all backups that need it', async () => {
    const made = await vault('damage')
    await chain(made)
    const objects: string[] = []
    for await (const { objects: page } of made.store.list(made.repository.snapshotDirectory('i2'))) {
      objects.push(...page.map(({ key }) => key))
    }
    const data = objects.find((key) => key.includes('.dat.')) ?? ''
    await made.store.put(data, 'these are not the bytes')
    const result = await verify({ deep: true })
    expect(result).toMatchObject({ ok: false, backups: 5, whole: 2 })
    expect([...result.broken].sort()).toEqual(['i2', 'i3', 'same'])
    expect(result.problems[0]).toMatchObject({ label: 'i2', object: data })
    const { rows } = await list()
    expect(rows.filter(({ state }) => state === 'damaged').map(({ id }) => id)).toEqual(['same', 'i3', 'i2'])
  })

  it('of one backup counts for all that need the damaged snapshot, until they are verified themselves', async () => {
    const made = await vault('shared-damage')
    await made.backup({ id: 'f1', finishedAt: day(1) })
    await made.backup({ id: 'f2', finishedAt: day(2) })
    for (const [i, id] of ['d3', 'd4', 'd5'].entries()) {
      await made.backup({ id, labels: ['f2', id], finishedAt: day(3 + i), base: 'f2', baseline: 'f2' })
    }
    await verify({ ids: ['d4'], manifestOnly: true })
    const [key = ''] = await dataOf(made, 'f2')
    const content = await made.store.getBytes(key, 1e6)
    await made.store.put(key, 'x'.repeat(content.length))

    expect(await verify({ ids: ['d5'], deep: true })).toMatchObject({ ok: false, backups: 1, broken: ['d5'] })
    const states = async () => Object.fromEntries((await list()).rows.map(({ id, state }) => [id, state]))
    expect(await states()).toEqual({ f1: 'complete', f2: 'damaged', d3: 'damaged', d4: 'damaged', d5: 'damaged' })
    expect(await made.objects.verification('d4')).toMatchObject({ problems: [{ label: 'f2', object: key }] })
    const plan = await run<PruneResult>('prune', { retention: { last: 2 } })
    expect(plan.keep.map(({ id }) => id)).toContain('f1')
    // What was found of their own stays beside it.
    const [own = ''] = await dataOf(made, 'd3')
    const healthy = await made.store.getBytes(own, 1e6)
    await made.store.put(own, 'y'.repeat(healthy.length))
    await verify({ ids: ['d3'], deep: true })
    await verify({ ids: ['f2'], deep: true })
    expect((await made.objects.verification('d3'))?.problems.map(({ label }) => label)).toEqual(['f2', 'd3'])

    await made.store.put(key, content)
    await made.store.put(own, healthy)
    expect(await verify({ deep: true })).toMatchObject({ ok: true, whole: 5 })
    expect(new Set(Object.values(await states()))).toEqual(new Set(['complete']))
  })

  it('that only samples does not forget what a deep one found, until it is mended', async () => {
    const made = await vault('remembered')
    // More objects than a sample reads.
    await made.backup({ id: 'f1', finishedAt: day(1), tablets: 80 })
    const bad: { key: string; content: Buffer }[] = []
    for await (const { objects } of made.store.list(made.repository.snapshotDirectory('f1'))) {
      for (const { key } of objects) {
        if (key.includes('.dat.') && bad.length === 0) bad.push({ key, content: await made.store.getBytes(key, 1e6) })
      }
    }
    const [one] = bad
    if (!one) throw new Error('a snapshot has data')
    await made.store.put(one.key, 'x'.repeat(one.content.length))
    expect(await verify({ deep: true })).toMatchObject({ ok: false, broken: ['f1'] })
    const found = await made.objects.verification('f1')

    const shallow = await verify({ manifestOnly: true })
    expect(shallow).toMatchObject({ ok: false, whole: 0, broken: ['f1'], problems: [{ id: 'f1', object: one.key }] })
    expect(shallow.problems[0]?.problem).toContain(`found damaged by a deep verification at ${found?.at}`)
    expect(await made.objects.verification('f1')).toEqual(found)

    // What else is found is told beside it.
    const missing = (await made.repository.lookAt('f1')).metas[0]?.key ?? ''
    const meta = await made.store.getBytes(missing, 1e6)
    await made.store.deleteMany([missing])
    expect(await verify({ manifestOnly: true })).toMatchObject({ ok: false })
    await made.store.put(missing, meta)
    const both = await made.objects.verification('f1')
    expect(both).toMatchObject({ mode: 'deep', at: found?.at })
    expect(both?.problems.length).toBeGreaterThan(found?.problems.length ?? 0)

    await made.store.put(one.key, one.content)
    expect(await verify({ manifestOnly: true })).toMatchObject({ ok: true, whole: 1, problems: [] })
    expect(await made.objects.verification('f1')).toMatchObject({ ok: true, mode: 'manifest' })
  })

  it('that only samples leaves one that cannot be read as it is', async () => {
    const made = await vault('unread-note')
    await made.backup({ id: 'f1', finishedAt: day(1) })
    const note = '__starferry_vault/verified/f1.json'
    await made.store.put(note, 'torn')
    expect((await list()).rows).toMatchObject([{ state: 'damaged', problem: expect.stringMatching(/cannot be read/) }])
    const sample = await verify()
    expect(sample).toMatchObject({ ok: false, whole: 0, broken: ['f1'] })
    expect(sample.problems[0]?.problem).toMatch(/last verification cannot be read.*verify it with --deep/)
    expect((await made.store.getBytes(note, 100)).toString()).toBe('torn')
    expect(await verify({ deep: true })).toMatchObject({ ok: true, whole: 1, problems: [] })
    expect((await list()).rows).toMatchObject([{ state: 'complete', verified: expect.stringMatching(/^ok \(deep\)/) }])
  })

  it('notices a data file that is gone, though manifests name none', async () => {
    const made = await vault('gone')
    const record = await made.record({ id: 'f1', finishedAt: day(1) })
    const { objects, bytes } = await made.repository.measure('f1')
    const [first] = record.labels
    if (!first) throw new Error('a backup has a snapshot')
    await made.objects.putRecord({ ...record, labels: [{ ...first, size: { objects, bytes } }] })
    expect(await verify({ manifestOnly: true })).toMatchObject({ ok: true })
    const keys: string[] = []
    for await (const { objects: page } of made.store.list(made.repository.snapshotDirectory('f1'))) {
      keys.push(...page.map(({ key }) => key))
    }
    await made.store.deleteMany([keys.find((key) => key.includes('.dat.')) ?? ''])
    const result = await verify({ manifestOnly: true })
    expect(result).toMatchObject({ ok: false, broken: ['f1'] })
    expect(result.problems[0]?.problem).toMatch(new RegExp(`^1 of its ${objects} objects, .* missing$`))
  })

  it('takes another snapshot under the same label for what it is', async () => {
    const made = await vault('replaced')
    const record = await made.record({ id: 'f1' })
    const labels = record.labels.map((one) => ({ ...one, infoMd5: 'f'.repeat(32) }))
    await made.objects.putRecord({ ...record, labels })
    const result = await verify({ ids: ['f1'], manifestOnly: true })
    expect(result.problems).toMatchObject([
      { label: 'f1', problem: expect.stringMatching(/another backup took this label/) },
    ])
    expect((await list({ id: 'f1' })).rows[0]).toMatchObject({ state: 'damaged', whole: false })
  })

  it('of what is not there is an error', async () => {
    const made = await vault('none')
    expect(await verify()).toMatchObject({ ok: true, backups: 0 })
    await made.backup({ id: 'f1' })
    const saying = (text: string) => ({ cause: { cause: { message: expect.stringContaining(text) } } })
    await expect(verify({ ids: ['f7'] })).rejects.toMatchObject(saying("holds no backup 'f7'"))
    await expect(verify({ cluster: 'east', database: 'shp' })).rejects.toMatchObject(
      saying('holds no backup of cluster east of database shp'),
    )
  })

  it('tells of records that cannot be read, whosever they may be, unless others are asked for', async () => {
    const made = await vault('unread')
    await chain(made)
    const id = 'sf_d_20260301T020000000_abc1231'
    const object = `__starferry_vault/records/${id}.json.gz`
    await made.store.put(object, 'no gzip')
    const problems = [{ id, label: '', object, problem: expect.stringMatching(/records\/sf_d_.* is damaged/) }]
    expect(await verify({ manifestOnly: true })).toMatchObject({
      ok: false,
      backups: 6,
      whole: 5,
      broken: [id],
      problems,
    })
    expect(await verify({ cluster: 'west' })).toMatchObject({ ok: false, backups: 2, broken: [id] })
    expect(await verify({ cluster: 'gone' })).toMatchObject({ ok: false, backups: 1, whole: 0, broken: [id] })
    expect(await verify({ ids: ['f1'] })).toMatchObject({ ok: true, backups: 1 })
    // By its id, or by what may be another snapshot of the same backup.
    for (const asked of [id, 'sf_d_20260301T020000000_def4562']) {
      expect(await verify({ ids: [asked] })).toMatchObject({ ok: false, backups: 1, broken: [id], problems })
    }
  })

  it('reads records to their end', async () => {
    const made = await vault('half-read')
    await made.backup({ id: 'f1', finishedAt: day(1) })
    const record = await made.backup({ id: 'f2', finishedAt: day(2) })
    await made.repository.own.putJson('records/f2.json.gz', { ...record, views: 'none' })
    expect(ids(await list())).toEqual(['f2', 'f1'])
    const result = await verify({ deep: true })
    expect(result).toMatchObject({ ok: false, backups: 2, whole: 1, broken: ['f2'] })
    expect(result.problems).toMatchObject([{ id: 'f2', label: '', object: '__starferry_vault/records/f2.json.gz' }])
    expect((await list()).rows.map(({ state }) => state)).toEqual(['damaged', 'complete'])
    // Once it is mended every verification can tell.
    await made.repository.own.putJson('records/f2.json.gz', record)
    expect(await verify({ manifestOnly: true })).toMatchObject({ ok: true, whole: 2 })
  })
})

describe('a repository that cannot be reached', () => {
  it.each([
    ['with wrong keys', { 'aws.s3.secret_key': 'wrong' }, /(denied|refused|signature|credentials|keys)/i],
    ['in a bucket that does not exist', {}, /bucket/i],
  ])('%s is one clear error', async (what, properties, why) => {
    const location = what.includes('bucket') ? 's3a://nowhere/x' : 's3a://backups/x'
    worker.configureRepositories({ vault: { location, properties: { ...server.properties, ...properties } } })
    const error = await list().catch((caught: { cause?: { cause?: Error } }) => caught.cause?.cause)
    expect(error).toMatchObject({ message: expect.stringMatching(why) })
    expect(JSON.stringify(error)).not.toContain('lab-secret-key')
  })
})
