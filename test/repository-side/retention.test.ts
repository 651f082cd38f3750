import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { protectSnapshots, releaseSnapshots } from '../../activities/repository/leases.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type PruneInput, type PruneResult, pruneInputSchema } from '../../contract/backup/repository-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
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

let count = 0
async function vault(path: string): Promise<Vault> {
  const made = await Vault.on(server, path)
  worker.configureRepositories(made.config)
  return made
}

const prune = (input: Omit<PruneInput, 'repository'>): Promise<PruneResult> =>
  temporal.client.workflow.execute('prune', {
    workflowId: `prune-${++count}`,
    taskQueue: TASK_QUEUE,
    args: [{ repository: 'vault', ...input } satisfies PruneInput],
  })

const day = (n: number) => `2026-03-${String(n).padStart(2, '0')}T02:00:00.000Z`

/** f1 ← d2, d3; f4 ← d5: two chains of one database. */
async function twoChains(made: Vault): Promise<void> {
  await made.backup({ id: 'f1', finishedAt: day(1), bytes: 100 })
  await made.backup({ id: 'd2', labels: ['f1', 'd2'], finishedAt: day(2), base: 'f1', baseline: 'f1', bytes: 10 })
  await made.backup({ id: 'd3', labels: ['f1', 'd3'], finishedAt: day(3), base: 'f1', baseline: 'f1', bytes: 10 })
  await made.backup({ id: 'f4', finishedAt: day(4), bytes: 100 })
  await made.backup({ id: 'd5', labels: ['f4', 'd5'], finishedAt: day(5), base: 'f4', baseline: 'f4', bytes: 10 })
}

describe('retention', () => {
  it('is planned first, and deletes only when that was confirmed', async () => {
    const made = await vault('plan')
    await twoChains(made)
    const before = await made.labels()
    const plan = await prune({ retention: { last: 2 } })
    expect(plan.delete.map(({ id }) => id)).toEqual(['d3', 'd2', 'f1'])
    expect(plan.keep).toMatchObject([{ id: 'd5' }, { id: 'f4' }])
    expect(await made.labels()).toEqual(before)

    const result = await prune({ retention: { last: 2 }, confirmed: 'all' })
    expect(result).toMatchObject({ deleted: 3, bytes: 120, failures: [] })
    expect(await made.labels()).toEqual(['d5', 'f4'])
    expect(await made.ownKeys()).toEqual(['records/d5.json.gz', 'records/f4.json.gz'])
    expect(await prune({ retention: { last: 2 }, confirmed: 'all' })).toMatchObject({ deleted: 0, delete: [] })
  })

  it('deletes of what was confirmed only what nothing else needs', async () => {
    const made = await vault('confirmed')
    await twoChains(made)
    const result = await prune({ retention: { last: 1 }, confirmed: ['f1', 'd2'] })
    expect(result).toMatchObject({ deleted: 1, delete: [{ id: 'd2' }] })
    expect(await made.ids()).toEqual(['d3', 'd5', 'f1', 'f4'])
  })

  it('leaves alone what a restore reads and what a backup builds on, until they are done', async () => {
    const made = await vault('busy')
    await twoChains(made)
    await protectSnapshots(made.repository, { holder: 'restore/other-temporal', why: 'restored', labels: ['f1', 'd2'] })
    const plan = await prune({ retention: { last: 1 } })
    expect(plan.delete.map(({ id }) => id)).toEqual(['d3'])
    expect(plan.untouched).toContainEqual({ label: 'd2', why: 'restored, by restore/other-temporal' })

    await made.intent({ id: 'new', labels: ['f1', 'd3', 'new'], baseline: 'd3', base: 'f1' })
    expect((await prune({ retention: { last: 1 }, confirmed: 'all' })).delete).toEqual([])

    await releaseSnapshots(made.repository, 'restore/other-temporal')
    expect((await prune({ retention: { last: 1 }, confirmed: 'all' })).delete.map(({ id }) => id)).toEqual(['d2'])
    await made.objects.removeIntent('new')
    expect((await prune({ retention: { last: 1 }, confirmed: 'all' })).deleted).toBe(2)
    expect(await made.labels()).toEqual(['d5', 'f4'])
  })

  it('takes nothing for a backup that is being made whose record stands, and removes what announced it', async () => {
    const made = await vault('outlived')
    await twoChains(made)
    const chain = { baseline: 'f1', base: 'f1' }
    await made.intent({ id: 'd3', labels: ['f1', 'd3'], ...chain })
    const same = { id: 'same', labels: ['f1', 'd3'], own: 0, finishedAt: day(3), ...chain }
    await made.backup(same)
    await made.intent(same)
    const result = await prune({ retention: { last: 2 }, confirmed: 'all' })
    expect(result).toMatchObject({ deleted: 4, untouched: [] })
    expect(await made.ownKeys()).toEqual(['records/d5.json.gz', 'records/f4.json.gz'])
  })

  it('tells a backup, or a restore, that comes in the middle that it is too late', async () => {
    const made = await vault('race')
    await twoChains(made)
    await made.objects.marks.announce('f1', ['f1'], undefined)
    const record = await made.record({
      id: 'late',
      labels: ['f1', 'late'],
      baseline: 'f1',
      base: 'f1',
      recordOnly: true,
    })
    expect(await made.objects.putIntent({ label: 'late', workflowId: 'w', runId: '', record })).toEqual(['f1'])
    expect(await protectSnapshots(made.repository, { holder: 'r', why: '', labels: ['f1'] })).toEqual({
      deleting: ['f1'],
    })
    expect(await protectSnapshots(made.repository, { holder: 'r', why: '', labels: ['f4'] })).toEqual({ deleting: [] })
  })

  it('goes on where it was interrupted, and takes back what it only announced', async () => {
    const made = await vault('interrupted')
    await twoChains(made)
    // One stands marked and whole, of another the manifest has gone already.
    await made.objects.marks.announce('d5', ['d5'], undefined)
    await made.objects.marks.announce('d2', ['d2'], undefined)
    const { infos } = await made.repository.lookAt('d2')
    await made.store.deleteMany(infos.map(({ key }) => key))
    const result = await prune({ retention: { last: 9 }, confirmed: 'all' })
    expect(result).toMatchObject({ deleted: 1, delete: [{ id: 'd2', why: 'its deletion was begun before' }] })
    expect(await made.ids()).toEqual(['d3', 'd5', 'f1', 'f4'])
    expect(await made.objects.deleting()).toEqual(new Map())
  })

  it('of one policy never takes what another one needs', async () => {
    const made = await vault('others')
    await twoChains(made)
    await made.backup({ id: 'w6', cluster: 'west', labels: ['f1', 'w6'], name: 'hourly', finishedAt: day(6) })
    const result = await prune({ retention: { last: 1 }, cluster: 'east', policy: 'nightly', confirmed: 'all' })
    expect(result.delete.map(({ id }) => id)).toEqual(['d3', 'd2'])
    expect(await made.ids()).toEqual(['d5', 'f1', 'f4', 'w6'])
  })

  it('deletes nothing as long as a record cannot be read', async () => {
    const made = await vault('unreadable')
    await twoChains(made)
    await made.repository.own.putText('records/odd.json.gz', 'not gzip at all'.repeat(3))
    await made.store.put('__starferry_vault/records/future.json.gz', 'not gzip at all')
    const result = await prune({ retention: { last: 1 }, confirmed: 'all' })
    expect(result).toMatchObject({ deleted: 0, delete: [] })
    expect(result.untouched[0]?.why).toMatch(/records\/future.json.gz cannot be read, so what it needs is not known/)
    expect(await made.labels()).toHaveLength(5)
  })

  it('waits for a cluster that cannot be asked whether a job reads there, and says what to do about one that is gone', async () => {
    const made = await vault('unasked')
    await twoChains(made)
    worker.configure({ gone: { frontends: ['127.0.0.1:9'], connectTimeout: 1 } })
    const why = /whether a job on gone reads it cannot be told; .*gone for good.* take it out of starferry.yaml/
    const plan = await prune({ retention: { last: 2 } })
    expect(plan).toMatchObject({ delete: [], waits: [expect.stringMatching(why)] })
    const result = await prune({ retention: { last: 2 }, confirmed: 'all' })
    expect(result).toMatchObject({ deleted: 0, delete: [], waits: [expect.stringMatching(why)] })
    expect(result.untouched.map(({ label }) => label).sort()).toEqual(['d2', 'd3', 'f1'])
    expect(await made.labels()).toEqual(['d2', 'd3', 'd5', 'f1', 'f4'])
    expect((await prune({ retention: { last: 9 } })).waits).toBeUndefined()

    // Of one that is torn already a job may still be reading.
    const { marks } = made.objects
    await marks.decide(await marks.announce('d2', ['d2'], undefined))
    const { infos } = await made.repository.lookAt('d2')
    await made.store.deleteMany(infos.map(({ key }) => key))
    const torn = await prune({ retention: { last: 2 }, confirmed: 'all' })
    expect(torn.untouched).toContainEqual({ label: 'd2', why: expect.stringMatching(why) })
    expect(await made.ids()).toContain('d2')

    worker.configureRepositories({ vault: { ...made.config.vault, clusters: ['east'] } })
    expect(await prune({ retention: { last: 2 }, confirmed: 'all' })).toMatchObject({ deleted: 3 })
    expect(await made.labels()).toEqual(['d5', 'f4'])
  })

  it('refuses a time zone that is none', async () => {
    await expect(prune({ retention: { daily: 1 }, timeZone: 'Mars/Olympus' })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/no IANA time zone/) },
    })
    expect(() => pruneInputSchema.parse({ repository: 'vault', retention: {}, confirm: 'all' })).toThrow()
  })
})

describe('leftovers', () => {
  it('of failed backups are left alone while somebody may still write them', async () => {
    const made = await vault('leftovers')
    await made.backup({ id: 'f1', finishedAt: day(1) })
    const label = 'sf_d_20260301T020000000_abc1231'
    await made.intent({ id: label })
    const { infos } = await writeLeftover(made, label)
    expect(infos).toHaveLength(0)
    const plan = await prune({ retention: {}, leftovers: true })
    expect(plan.leftovers).toEqual([])
    expect(plan.untouched).toMatchObject([
      { label, why: expect.stringMatching(/cannot be told: cluster east is not configured/) },
    ])
  })
})

async function writeLeftover(made: Vault, label: string) {
  const directory = made.repository.snapshotDirectory(label)
  await made.store.put(`${directory}__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5/5.hdr.${'0'.repeat(32)}`, 'x')
  return made.repository.lookAt(label)
}
