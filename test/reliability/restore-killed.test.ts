import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type RestoreResult, restoreStatusQuery } from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../contract/names.ts'
import { LabCluster, type LabClusterOptions } from '../../lab/index.ts'
import { REPOSITORY, s3Properties } from '../restore/support/restore-stage.ts'
import { contentOf, takeBackup } from '../restore/support/take-backup.ts'
import { accessTo } from '../support/lab-worker.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { startWorkerProcess, type WorkerStage } from '../support/worker-stage.ts'

const LOCATION = 's3a://backups/vault'
const RUNS = ['restore', 'restore', 'backup', 'restore']

let temporal: TestTemporal
let s3: S3Server
let cluster: LabCluster
let stage: WorkerStage

beforeAll(async () => {
  ;[temporal, s3] = await Promise.all([startTemporal({ durable: true }), startTestS3()])
})
afterEach(async () => {
  await stage?.stop()
  await cluster?.stop()
})
afterAll(async () => {
  await Promise.all([temporal?.stop(), s3?.stop()])
})

/** shop.orders out of a chain, damaged since; and a worker of its own process that knows it. */
async function damagedShop(name: string, options: Partial<LabClusterOptions> = {}) {
  cluster = await LabCluster.start({ version: '3.5', timeFactor: 50, ...options, name })
  const properties = Object.entries(s3Properties(s3)).map(([key, value]) => `'${key}' = '${value}'`)
  await cluster.run(
    `CREATE REPOSITORY ${REPOSITORY} WITH BROKER ON LOCATION '${LOCATION}' PROPERTIES (${properties.join(', ')})`,
  )
  for (const statement of [
    'CREATE DATABASE shop',
    "CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
  ]) {
    cluster.execute(statement)
  }
  const full = await takeBackup({ s3 }, cluster, { label: `${name}_full`, database: 'shop' })
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  await takeBackup({ s3 }, cluster, { label: `${name}_inc`, database: 'shop', baseline: full })
  const backedUp = await contentOf(cluster, 'shop', 'orders')
  cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
  stage = await startWorkerProcess(temporal, [], {
    clusters: { [name]: accessTo(cluster) },
    repositories: { [REPOSITORY]: { location: LOCATION, properties: s3Properties(s3) } },
  })
  return { backedUp, before: cluster.backupJobs.length }
}

async function start(name: string, more: Partial<RestoreSpecInput> = {}) {
  const spec: RestoreSpecInput = {
    name,
    cluster: name,
    repository: REPOSITORY,
    from: { label: `${name}_inc` },
    tables: ['orders'],
    publish: 'auto',
    ...more,
  }
  return temporal.client.workflow.start<(spec: RestoreSpecInput) => Promise<RestoreResult>>('restore', {
    workflowId: restoreId(name),
    taskQueue: TASK_QUEUE,
    args: [spec],
  })
}

/** Kills the worker the moment it comes to each of these, and starts another. */
class Killer {
  #killing: Promise<void> | undefined
  kills = 0

  strike(): void {
    this.#killing ??= stage.worker
      .kill()
      .then(() => stage.worker.start())
      .then(() => {
        this.kills++
        this.#killing = undefined
      })
  }

  async idle(): Promise<void> {
    await this.#killing
  }
}

describe('whatever is killed, the restore goes on by itself, and nothing is sent twice', () => {
  test('the worker, in every state of the jobs and while tables are swapped', async () => {
    const killer = new Killer()
    let swapped = false
    const { backedUp, before } = await damagedShop('killed', {
      onStatement: (sql) => {
        if (!swapped && /SWAP WITH/.test(sql)) {
          swapped = true
          killer.strike()
        }
      },
    })
    for (const [job, state] of [
      ['restore', 'SNAPSHOTING'],
      ['restore', 'DOWNLOADING'],
      ['restore', 'COMMITTING'],
      ['restore', 'FINISHED'],
      ['backup', 'UPLOADING'],
      ['backup', 'FINISHED'],
    ] as const) {
      cluster.faults.inject({ kind: 'during-snapshot', job, state, times: 1, run: () => killer.strike() })
    }
    const handle = await start('killed')
    const result = await handle.result()
    await killer.idle()
    expect(result).toMatchObject({ ok: true, published: true })
    expect(killer.kills).toBeGreaterThan(2)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    expect(cluster.backupJobs.slice(before).map((job) => job.kind)).toEqual(RUNS)
    expect([...cluster.state.databases.keys()].filter((one) => one.includes('__sf_'))).toEqual([])
  })

  test('the Temporal server, while a job runs', async () => {
    const { backedUp, before } = await damagedShop('temporal')
    const slow = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    const handle = await start('temporal')
    await until('it runs', () => slow.struck > 0)
    await temporal.server.kill()
    slow.clear()
    await temporal.server.restart()
    expect(await handle.result()).toMatchObject({ ok: true })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    expect(cluster.backupJobs.slice(before).map((job) => job.kind)).toEqual(RUNS)
  })

  test('the only frontend, before files are moved: the job that never moves again is cancelled, and sent once more', async () => {
    const { backedUp, before } = await damagedShop('frontend', { frontends: 1 })
    const stuck = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'PENDING' })
    const handle = await start('frontend', { stallMinutes: 0.2 })
    await until('it is sent', () => stuck.struck > 0)
    await cluster.killFrontend(0)
    stuck.clear()
    await cluster.restartFrontend(0)
    expect(await handle.result()).toMatchObject({ ok: true })
    const status = await handle.query(restoreStatusQuery)
    expect(status.left).toEqual([])
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    const kinds = cluster.backupJobs.slice(before).map((job) => job.kind)
    expect(kinds.filter((kind) => kind === 'restore').length).toBeLessThanOrEqual(4)
  })
})
