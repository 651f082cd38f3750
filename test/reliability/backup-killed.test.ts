import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { WorkerProcess } from '../../client/worker-process.ts'
import type { BackupResult } from '../../contract/backup/backup-api.ts'
import { backupSpecSchema } from '../../contract/backup/policy.ts'
import { backupId, TASK_QUEUE } from '../../contract/names.ts'
import { LabCluster } from '../../lab/index.ts'
import { openStore, readRepository } from '../../repository/index.ts'
import { accessTo } from '../support/lab-worker.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

const STATES = ['PENDING', 'SNAPSHOTING', 'UPLOAD_SNAPSHOT', 'UPLOADING', 'SAVE_META', 'UPLOAD_INFO'] as const
const TABLE = `(id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

let temporal: TestTemporal
let s3: S3Server
let cluster: LabCluster
let worker: WorkerProcess
let stage: WorkerStage

const location = 's3a://backups/killed'
const properties = () => ({
  'aws.s3.access_key': s3.accessKey,
  'aws.s3.secret_key': s3.secretKey,
  'aws.s3.endpoint': s3.endpoint,
  'aws.s3.region': 'us-east-1',
  'aws.s3.enable_path_style_access': 'true',
  'aws.s3.enable_ssl': 'false',
})

beforeAll(async () => {
  ;[temporal, s3] = await Promise.all([startTemporal({ durable: true }), startTestS3()])
  cluster = await LabCluster.start({ name: 'prod', version: '3.5', timeFactor: 60, frontends: 3 })
  const text = Object.entries(properties()).map(([key, value]) => `'${key}' = '${value}'`)
  await cluster.run(`CREATE REPOSITORY vault WITH BROKER ON LOCATION '${location}' PROPERTIES (${text.join(', ')})`)
  stage = await startWorkerProcess(temporal, [], {
    clusters: { prod: accessTo(cluster) },
    repositories: { vault: { location, properties: properties() } },
  })
  worker = stage.worker
})
afterAll(async () => {
  await stage?.stop()
  await cluster?.stop()
  await temporal?.stop()
  await s3?.stop()
})

let runs = 0

/** A database of its own, and its backup on the way. */
async function start() {
  const database = `d${++runs}`
  cluster.execute(`CREATE DATABASE ${database}`)
  cluster.execute(`CREATE TABLE ${database}.t ${TABLE}`)
  cluster.execute(`INSERT INTO ${database}.t VALUES (1),(11)`)
  const spec = backupSpecSchema.parse({
    name: 'killed',
    cluster: 'prod',
    repository: 'vault',
    objects: { databases: ['*'] },
  })
  const begin = () =>
    temporal.client.workflow.start<(input: unknown) => Promise<BackupResult>>('backup', {
      workflowId: backupId('killed', database),
      taskQueue: TASK_QUEUE,
      args: [{ spec, set: 'test', database, kind: 'auto' }],
    })
  return { database, begin, jobs: () => cluster.backupJobs.filter((job) => job.database === database) }
}

const stateOf = (database: string) => {
  const { columns, rows } = cluster.execute(`SHOW BACKUP FROM ${database}`)
  return rows[0]?.[columns.findIndex(({ name }) => name === 'State')]
}

async function labelsOf(database: string): Promise<string[]> {
  const repository = await readRepository(openStore({ location, properties: properties() }), 'vault')
  const labels: string[] = []
  for await (const label of repository.listSnapshots()) if (label.startsWith(`sf_${database}_`)) labels.push(label)
  for await (const { key } of repository.own.list(`intents/sf_${database}_`)) labels.push(key)
  return labels
}

describe('whatever is killed, there is one snapshot', () => {
  test.each(STATES)('the worker, while the job is %s', async (state) => {
    const { database, begin, jobs } = await start()
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database, state })
    const run = await begin()
    await until(`it is ${state}`, () => stateOf(database) === state, { everyMs: 5 })
    await worker.kill()
    stick.clear()
    await worker.start()
    const result = await run.result()
    expect(result).toMatchObject({ attempts: 1, tables: 1, partitions: 2, verified: 'ok' })
    expect(jobs().map(({ label }) => label)).toEqual([result.id])
    expect(await labelsOf(database)).toEqual([result.id])
  })

  test('the worker, while the job ends without it', async () => {
    const { database, begin, jobs } = await start()
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database, state: 'UPLOADING' })
    const run = await begin()
    await until('it uploads', () => stateOf(database) === 'UPLOADING', { everyMs: 5 })
    await worker.kill()
    stick.clear()
    await until('it is done', () => stateOf(database) === 'FINISHED')
    // Nobody knows the job any more but the repository.
    await cluster.run(`BACKUP DATABASE ${database} SNAPSHOT other_${database} TO vault`)
    await until('another is done', () => stateOf(database) === 'FINISHED')
    await worker.start()
    const result = await run.result()
    expect(result).toMatchObject({ attempts: 1, verified: 'ok' })
    expect(jobs().map(({ label }) => label)).toEqual([result.id, `other_${database}`])
    expect(await labelsOf(database)).toEqual([result.id])
  })

  test('Temporal, while files are uploaded', async () => {
    const { database, begin, jobs } = await start()
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database, state: 'UPLOADING' })
    const run = await begin()
    await until('it uploads', () => stateOf(database) === 'UPLOADING', { everyMs: 5 })
    await temporal.server.kill()
    stick.clear()
    await until('it is done', () => stateOf(database) === 'FINISHED')
    await temporal.server.restart()
    const result = await run.result()
    expect(result).toMatchObject({ verified: 'ok' })
    expect(jobs().map(({ label }) => label)).toEqual([result.id])
    expect(await labelsOf(database)).toEqual([result.id])
  })
})
