import { readdirSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { CreateBucketCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { acquireDeleting, protectSnapshots, releaseSnapshots } from '../../activities/repository/leases.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { BackupsPage, PruneInput, PruneResult, RepositoriesAnswer } from '../../contract/backup/repository-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { LabCluster } from '../../lab/index.ts'
import { runHash } from '../../planning/restore/restore-names.ts'
import { openStore } from '../../repository/index.ts'
import { writeRepositoryInfo } from '../repository/support/write-snapshot.ts'
import { accessTo, LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
let temporal: TestTemporal
let worker: LabWorker
let east: LabCluster
beforeAll(async () => {
  ;[server, temporal] = await Promise.all([startVaults(), startTemporal()])
  worker = await LabWorker.start(temporal)
  east = await LabCluster.start({ name: 'east', version: '3.5', timeFactor: 100 })
  worker.configure({ east: accessTo(east) })
})
afterEach(() => east.faults.clear())
afterAll(async () => {
  await worker?.stop()
  await east?.stop()
  await temporal?.stop()
  await server?.stop()
})

let count = 0
const execute = <T>(type: string, input: object) =>
  temporal.client.workflow.execute<(input: object) => Promise<T>>(type, {
    workflowId: `${type}-${++count}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  })
const prune = (input: Omit<PruneInput, 'repository'>) =>
  execute<PruneResult>('prune', { repository: 'vault', ...input } satisfies PruneInput)

/** A repository that the lab cluster has, too. */
async function attached(place: string): Promise<Vault> {
  const made = await Vault.on(server, place)
  worker.configureRepositories(made.config)
  if (east.state.repositories.has('vault')) east.execute('DROP REPOSITORY vault')
  const answer = await execute<RepositoriesAnswer>('repositories', {
    op: 'create',
    cluster: 'east',
    repository: 'vault',
  })
  expect(answer.ok).toBe(true)
  return made
}

/** As if everything in a repository had been written so long ago. */
function age(made: Vault, hours: number): void {
  const root = path.join(server.dir, made.location.replace('s3a://', ''))
  const then = Date.now() / 1000 - hours * 3600
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) utimesSync(path.join(entry.parentPath, entry.name), then, then)
  }
}

/** A workflow that was ended from outside; nobody works on its queue. */
async function endedWorkflow(workflowId: string): Promise<void> {
  const handle = await temporal.client.workflow.start('nothing', { workflowId, taskQueue: 'nobody' })
  await handle.terminate()
}

const database = (name: string) => {
  east.execute(`CREATE DATABASE ${name}`)
  east.execute(
    `CREATE TABLE ${name}.t (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  )
  east.execute(`INSERT INTO ${name}.t VALUES (1)`)
}
const backupRow = (name: string) =>
  east.run(`SHOW BACKUP FROM ${name}`).then(({ rows, columns }) => {
    const at = (column: string) => rows[0]?.[columns.findIndex((one) => one.name === column)]
    return { label: at('SnapshotName'), state: at('State') }
  })

describe('what a failed backup left', () => {
  const label = 'sf_left_20260301T020000000_abc1231'

  it('stays while its workflow or its job may still be at it, and goes when both are over', async () => {
    const made = await attached('left')
    database('left1')
    east.faults.inject({ kind: 'stick-snapshot', state: 'UPLOAD_INFO', database: 'left1' })
    await east.run(`BACKUP DATABASE left1 SNAPSHOT ${label} TO vault`)
    await until('it is stuck', async () => (await backupRow('left1')).state === 'UPLOAD_INFO')
    const running = await temporal.client.workflow.start('nothing', { workflowId: 'backup/a', taskQueue: 'nobody' })
    await made.intent({ id: label, database: 'left1' }, 'backup/a')
    age(made, 2)
    const why = async () => (await prune({ retention: {}, leftovers: true })).untouched
    expect(await why()).toMatchObject([{ label, why: 'being written by backup/a' }])
    await running.terminate()
    expect(await why()).toMatchObject([
      { label, why: expect.stringMatching(/its job runs: written by a backup of left1 on east/) },
    ])

    const drop = await execute<RepositoriesAnswer>('repositories', { op: 'drop', cluster: 'east', repository: 'vault' })
    expect(drop).toMatchObject({
      ok: false,
      findings: [{ code: 'repository-busy', message: expect.stringContaining(label) }],
    })

    east.execute('CANCEL BACKUP FROM left1')
    expect(await made.labels()).toEqual([label])
    const result = await prune({ retention: {}, leftovers: true, confirmed: 'all' })
    expect(result.leftovers).toMatchObject([
      { label, why: expect.stringMatching(/of backup\/a, which ended without a record/) },
    ])
    expect(result.bytes).toBeGreaterThan(0)
    expect(await made.labels()).toEqual([])
    expect(await made.ownKeys()).toEqual([])
  })

  it('stays while it is young, and longer where another Temporal may know more', async () => {
    const made = await attached('young')
    await endedWorkflow('backup/b')
    await made.intent({ id: label }, 'backup/b')
    const unknown = label.replace('left', 'else')
    await made.intent({ id: unknown }, 'backup/of-another-temporal')
    const stray = label.replace('left', 'stray')
    await made.store.put(`${made.repository.snapshotDirectory(stray)}__meta.${'0'.repeat(32)}`, 'x')
    await made.store.put(`${made.repository.snapshotDirectory('by_hand')}__meta.${'0'.repeat(32)}`, 'x')
    const leftovers = async () =>
      (await prune({ retention: {}, leftovers: true })).leftovers.map((one) => one.label).sort()
    expect(await leftovers()).toEqual([])
    age(made, 2)
    expect(await leftovers()).toEqual([label])
    age(made, 27)
    expect(await leftovers()).toEqual([unknown, label, stray].sort())
    await prune({ retention: {}, leftovers: true, confirmed: [label] })
    expect(await made.ownKeys()).toEqual([`intents/${unknown}.json.gz`])
    await prune({ retention: {}, leftovers: true, confirmed: 'all' })
    expect(await made.labels()).toEqual(['by_hand'])
  })
})

describe('what somebody restores from by its label', () => {
  it('stays until that is over, though its backup ended without a record', async () => {
    const made = await attached('asked')
    const label = 'sf_asked_20260301T020000000_abc1231'
    await endedWorkflow('backup/asked')
    await made.intent({ id: label }, 'backup/asked')
    await made.record({ id: label })
    age(made, 2)
    await protectSnapshots(made.repository, { holder: 'restore/elsewhere', why: 'restored', labels: [label] })
    const wanted: Omit<PruneInput, 'repository'> = { retention: {}, leftovers: true, confirmed: 'all' }
    expect(await prune(wanted)).toMatchObject({
      leftovers: [],
      untouched: [{ label, why: 'restored, by restore/elsewhere' }],
    })
    expect(await made.labels()).toEqual([label])
    await releaseSnapshots(made.repository, 'restore/elsewhere')
    expect(await prune(wanted)).toMatchObject({ leftovers: [{ label }] })
    expect(await made.labels()).toEqual([])
  })
})

describe('what restores and checks made for a while', () => {
  it('goes when it is old and nobody works with it, finished or not; a restore that runs keeps its own', async () => {
    const made = await attached('passing')
    const running = await temporal.client.workflow.start('restore', { workflowId: 'restore/slow', taskQueue: 'nobody' })
    const mine = `sfr_${runHash(running.firstExecutionRunId)}_1_1`
    const labels = { mine, ended: 'sfr_abc123_1_2', begun: 'sfr_abc123_1_1', check: 'sf_check_abc123_1' }
    for (const label of [labels.mine, labels.ended, labels.check]) await made.record({ id: label })
    await made.store.put(`${made.repository.snapshotDirectory(labels.begun)}__meta.${'0'.repeat(32)}`, 'x')
    await made.record({ id: 'sfr_by_hand' })
    const list = await execute<BackupsPage>('backups', { repository: 'vault', all: true })
    expect(Object.fromEntries(list.rows.map(({ id, state }) => [id, state]))).toMatchObject({
      [labels.ended]: 'leftover',
      sfr_by_hand: 'foreign',
    })
    await until('Temporal lists the restore', async () => {
      const { untouched } = await prune({ retention: {}, leftovers: true })
      return untouched.some(({ label, why }) => label === mine && /a restore that runs/.test(why))
    })
    const plan = async () =>
      (await prune({ retention: {}, leftovers: true })).leftovers.map(({ label }) => label).sort()
    age(made, 2)
    expect(await plan()).toEqual([])
    age(made, 27)
    expect(await plan()).toEqual([labels.check, labels.begun, labels.ended].sort())
    await prune({ retention: {}, leftovers: true, confirmed: 'all' })
    expect((await made.labels()).sort()).toEqual([mine, 'sfr_by_hand'].sort())
    await running.terminate()
    await until('Temporal lists it no more', async () => (await plan()).includes(mine))
  })
})

describe('who deletes', () => {
  it('sees what a job on a cluster reads, whoever sent it', async () => {
    const made = await attached('read')
    database('read1')
    await east.run('BACKUP DATABASE read1 SNAPSHOT f1 TO vault')
    await until('it is backed up', async () => (await backupRow('read1')).state === 'FINISHED')
    await made.backup({ id: 'f1', database: 'read1', recordOnly: true, finishedAt: '2026-03-01T00:00:00.000Z' })
    await made.backup({ id: 'f2', database: 'read1', finishedAt: '2026-03-02T00:00:00.000Z' })
    const { infos } = await made.repository.lookAt('f1')
    east.faults.inject({ kind: 'stick-snapshot', state: 'DOWNLOAD' })
    await east.run(
      `RESTORE SNAPSHOT f1 FROM vault DATABASE read1 AS read2 PROPERTIES ('backup_timestamp' = '${infos[0]?.timestamp}', 'replication_num' = '1')`,
    )
    const { untouched, deleted } = await prune({ retention: { last: 1 }, confirmed: 'all' })
    expect(deleted).toBe(0)
    expect(untouched).toMatchObject([{ label: 'f1', why: expect.stringMatching(/read by a restore of read2 on east/) }])
    east.execute('CANCEL RESTORE FROM read2')
    expect(await prune({ retention: { last: 1 }, confirmed: 'all' })).toMatchObject({ deleted: 1 })
  })

  it('does not heed a lease whose holder has ended', async () => {
    const made = await attached('void')
    await made.backup({ id: 'f1', finishedAt: '2026-03-01T00:00:00.000Z' })
    await made.backup({ id: 'f2', finishedAt: '2026-03-02T00:00:00.000Z' })
    const open = await temporal.client.workflow.start('nothing', { workflowId: 'restore/x', taskQueue: 'nobody' })
    await protectSnapshots(made.repository, { holder: 'restore/x', why: 'restored', labels: ['f1'] })
    expect((await prune({ retention: { last: 1 } })).untouched).toMatchObject([{ label: 'f1' }])
    await open.terminate()
    expect((await prune({ retention: { last: 1 }, confirmed: 'all' })).deleted).toBe(1)
  })

  it('waits until nobody else deletes', async () => {
    const made = await attached('turns')
    await made.backup({ id: 'f1', finishedAt: '2026-03-01T00:00:00.000Z' })
    await made.backup({ id: 'f2', finishedAt: '2026-03-02T00:00:00.000Z' })
    const held = await acquireDeleting(made.repository, 'prune of another starferry')
    if ('heldBy' in held) throw new Error('nobody else can have it')
    const input: PruneInput = { repository: 'vault', retention: { last: 1 }, confirmed: 'all' }
    const handle = await temporal.client.workflow.start('prune', {
      workflowId: 'waiting',
      taskQueue: TASK_QUEUE,
      args: [input],
    })
    await until('it waits', async () => {
      const { raw } = await handle.describe()
      return /being pruned by prune of another starferry/.test(raw.pendingActivities?.[0]?.lastFailure?.message ?? '')
    })
    expect(await made.ids()).toEqual(['f1', 'f2'])
    await held.release()
    expect(await handle.result()).toMatchObject({ deleted: 1 })
  })

  it('names what the store has locked, leaves it whole, and with it what it needs', async () => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    })
    await client.send(new CreateBucketCommand({ Bucket: 'locking', ObjectLockEnabledForBucket: true }))
    const location = 's3a://locking/base'
    const store = openStore({ location, properties: server.properties })
    await writeRepositoryInfo(store, 'vault')
    const made = await Vault.at(server, location, store)
    worker.configureRepositories(made.config)
    await made.backup({ id: 'f1', finishedAt: '2026-03-01T00:00:00.000Z' })
    await made.backup({ id: 'd2', labels: ['f1', 'd2'], finishedAt: '2026-03-02T00:00:00.000Z', base: 'f1' })
    await made.backup({ id: 'f3', finishedAt: '2026-03-03T00:00:00.000Z' })
    const manifest = (await made.repository.lookAt('d2')).infos[0]?.key ?? ''
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 3_600_000) } as const
    await client.send(new PutObjectRetentionCommand({ Bucket: 'locking', Key: `base/${manifest}`, Retention }))
    client.destroy()

    const result = await prune({ retention: { last: 1 }, confirmed: 'all' })
    expect(result.deleted).toBe(0)
    expect(result.failures).toMatchObject([{ label: 'd2', reason: expect.stringMatching(/retention has ended/) }])
    expect(result.untouched).toContainEqual({ label: 'f1', why: 'needed by d2' })
    expect(await made.ids()).toEqual(['d2', 'f1', 'f3'])
    expect(await made.objects.deleting()).toEqual(new Map())
    expect(await made.ownKeys()).not.toContainEqual(expect.stringMatching(/^leases/))
    const page = await execute('backups', { repository: 'vault', id: 'd2' })
    expect(page).toMatchObject({ rows: [{ state: 'complete', whole: true }] })
  })
})

describe('where the storage is out of reach', () => {
  it('a cluster tells what there is, and nothing is deleted by rules that cannot be followed', async () => {
    const made = await attached('far')
    database('far1')
    await east.run('BACKUP DATABASE far1 SNAPSHOT far_1 TO vault')
    await until('it is backed up', async () => (await backupRow('far1')).state === 'FINISHED')
    worker.configureRepositories({ vault: { ...made.config.vault, access: { enabled: false } } })
    const page = await execute<BackupsPage>('backups', { repository: 'vault', cluster: 'east' })
    expect(page).toMatchObject({
      rows: [{ id: 'far_1', state: 'foreign' }],
      notes: [expect.stringMatching(/switched off/)],
    })
    const plan = await prune({ retention: { last: 1 }, cluster: 'east' })
    expect(plan).toMatchObject({ delete: [], untouched: [{ label: 'far_1' }] })
    const dropping = prune({ retention: {}, cluster: 'east', confirmed: ['far_1'] })
    await expect(dropping).rejects.toMatchObject({
      cause: {
        cause: {
          message: expect.stringMatching(
            /StarRocks 3\.5.* on east cannot delete snapshots itself; from 4\.2 on it can/,
          ),
        },
      },
    })
    expect(await made.labels()).toEqual(['far_1'])
  })
})
