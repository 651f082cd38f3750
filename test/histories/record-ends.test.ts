import { expect, test } from 'vitest'
import { type BackupSetInput, backupStatusQuery, cancelSignal } from '../../contract/backup/backup-api.ts'
import { type PolicySpec, policySchema } from '../../contract/backup/policy.ts'
import { cancelRestoreSignal, publishUpdate, restoreStatusQuery } from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { backupSetId, restoreId, TASK_QUEUE } from '../../contract/names.ts'
import type { LabCluster } from '../../lab/index.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { until } from '../support/until.ts'
import { webhook } from '../support/webhook.ts'
import { addHistories } from './support/save-histories.ts'
import { forever, losesItsWorker, Twists } from './support/twists.ts'

const TYPES = ['backup', 'backupDoctor', 'backupSet', 'companion', 'prune', 'restore']
const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`
const DAYS = `(dt DATE NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) (PARTITION p1 VALUES [('2020-01-01'), ('2020-01-02'))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')`

const twists = new Twists()
const stage = backupStage({ instead: twists.instead })
const hook = webhook()

/**
 * Adds histories of backups and restores that are cancelled, refused or held up, and of what people ask beside them:
 * `RECORD_HISTORIES=1 npx vitest run test/histories/record-ends.test.ts`.
 */
test.skipIf(!process.env.RECORD_HISTORIES)('record', async () => {
  const east = await shop('east')
  await questions(east)
  await cancelledWhileItRuns(east)
  await cancelledInRetention(east)
  await cancelledRestores(east)
  await clearing(east)
  await notedAnew(await shop('west', '3.3'))
  expect(await addHistories(stage.temporal.client, TYPES, 40)).toBeGreaterThan(20)
})

async function shop(name: string, version: '3.3' | '3.5' = '3.5'): Promise<LabCluster> {
  const cluster = await stage.cluster({ name, version })
  for (const database of ['shop', 'other']) {
    cluster.execute(`CREATE DATABASE ${database}`)
    for (const table of ['orders', 'people']) {
      cluster.execute(`CREATE TABLE ${database}.${table} ${TABLE}`)
      cluster.execute(`INSERT INTO ${database}.${table} VALUES (1,'a'),(12,'b')`)
    }
  }
  cluster.execute('CREATE VIEW shop.w AS SELECT id FROM shop.orders')
  cluster.execute('CREATE ROLE reader')
  return cluster
}

let count = 0
const start = (type: string, input: unknown, workflowId = `${type}/${++count}`) =>
  stage.temporal.client.workflow.start(type, { workflowId, taskQueue: TASK_QUEUE, args: [input] })
const execute = async (type: string, input: unknown) => (await start(type, input)).result()

/** Who asks, and who asks in a way that is not understood. */
async function questions(cluster: LabCluster): Promise<void> {
  const spec = stage.spec(cluster, { name: 'asked', objects: { databases: ['shop'] } })
  await execute('backupDoctor', { backup: spec })
  const { id } = await stage.backup(spec, 'shop')
  const restore = { name: 'asked', cluster: 'east', repository: REPOSITORY, from: { label: id }, tables: ['orders'] }
  await execute('backupDoctor', { restore })
  await expect(execute('backupDoctor', { bakup: spec })).rejects.toThrow()
  await execute('companion', { op: 'print', repository: REPOSITORY, id })
  cluster.execute('DROP VIEW shop.w')
  cluster.execute('DROP ROLE reader')
  await execute('companion', { op: 'apply', repository: REPOSITORY, id, cluster: 'east' })
  await expect(execute('companion', { op: 'print', repository: REPOSITORY, id: 'nothing' })).rejects.toThrow()
  await expect(execute('backupSet', { spec, knd: 'full' })).rejects.toThrow()
  // Of which the set is told by the activity that made the snapshot.
  const told = stage.spec(cluster, { name: 'told', objects: { databases: ['shop', 'other'] } })
  await (await stage.startSet({ spec: told })).result()
  const input: BackupSetInput = { spec: { ...spec, name: 'whole', incremental: 'off' }, kind: 'incremental' }
  await expect((await stage.startSet(input)).result()).rejects.toThrow()
}

function policy(name: string, more: object = {}): PolicySpec {
  return policySchema.parse({
    name,
    cluster: 'east',
    repository: REPOSITORY,
    objects: { databases: ['shop', 'other'] },
    schedule: { cron: '0 3 * * *' },
    retention: { last: 1 },
    notify: { webhook: hook.url, on: ['failure'] },
    ...more,
  })
}

/** By the signal and by Temporal; and where the jobs' worker does not say that they were cancelled. */
async function cancelledWhileItRuns(cluster: LabCluster): Promise<void> {
  for (const how of ['signal', 'temporal', 'lost'] as const) {
    const stuck = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    if (how === 'lost') twists.set('runBackup', losesItsWorker)
    const spec = policy(`cancelled-${how}`, { notify: { webhook: hook.url, on: ['failure'], lateAfterHours: 0.0001 } })
    const run = await stage.startSet({ spec })
    await until('two jobs run', () => stuck.struck > 1)
    await until('it is late', async () => (await run.query(backupStatusQuery)).warnings.length > 0)
    if (how === 'temporal') await run.cancel()
    else await run.signal(cancelSignal)
    await expect(run.result()).rejects.toThrow()
    twists.clear()
    stuck.clear()
  }
}

async function cancelledInRetention(cluster: LabCluster): Promise<void> {
  cluster.execute("INSERT INTO shop.orders VALUES (2,'c')")
  for (const how of ['signal', 'temporal'] as const) {
    twists.set('runPrune', forever)
    const name = `retention-${how}`
    const run = await stage.startSet({ spec: policy(name, { objects: { databases: ['shop'] } }) })
    expect(run.workflowId).toBe(backupSetId(name))
    await until('it prunes', async () => (await run.query(backupStatusQuery)).state === 'retention')
    if (how === 'signal') await run.signal(cancelSignal)
    else await run.cancel()
    await expect(run.result()).rejects.toThrow()
    twists.clear()
  }
}

const restoreOf = (cluster: LabCluster, name: string, label: string, more: Partial<RestoreSpecInput>) =>
  start(
    'restore',
    { name, cluster: cluster.state.name, repository: REPOSITORY, from: { label }, publish: 'auto', ...more },
    restoreId(name),
  )

async function cancelledRestores(cluster: LabCluster): Promise<void> {
  const spec = stage.spec(cluster, { name: 'source', objects: { databases: ['shop'] } })
  const { id } = await stage.backup(spec, 'shop', 'full')
  for (const how of ['signal', 'temporal', 'lost'] as const) {
    const stuck = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    if (how === 'lost') twists.set('runRestoreStep', losesItsWorker)
    const run = await restoreOf(cluster, `cancelled-${how}`, id, { tables: ['orders'] })
    await until('its job runs', () => stuck.struck > 0)
    if (how === 'temporal') await run.cancel()
    else await run.signal(cancelRestoreSignal)
    await expect(run.result()).rejects.toThrow()
    twists.clear()
    stuck.clear()
  }
}

/** Over live tables, of which something has to be dropped before. */
async function clearing(cluster: LabCluster): Promise<void> {
  cluster.execute('CREATE DATABASE days')
  cluster.execute(`CREATE TABLE days.a ${DAYS}`)
  cluster.execute("INSERT INTO days.a VALUES ('2020-01-01', 1)")
  const { id } = await stage.backup(stage.spec(cluster, { name: 'days', objects: { databases: ['days'] } }), 'days')
  cluster.execute("ALTER TABLE days.a ADD PARTITION p3 VALUES [('2020-01-03'), ('2020-01-04'))")
  await (await restoreOf(cluster, 'clears', id, { tables: ['a'], mode: 'in-place' })).result()
}

/** INSERT OVERWRITE of partitions that others wrote while it waited to be published once more. */
async function notedAnew(cluster: LabCluster): Promise<void> {
  const { id } = await stage.backup(stage.spec(cluster, { name: 'west', objects: { databases: ['shop'] } }), 'shop')
  const hopeless = cluster.faults.inject({
    kind: 'slow-query',
    seconds: 50_000,
    match: /^INSERT OVERWRITE.*`people`/s,
  })
  const run = await restoreOf(cluster, 'anew', id, { partitions: { people: ['p1'] } })
  await until('it waits', async () => (await run.query(restoreStatusQuery)).state === 'ready')
  hopeless.clear()
  cluster.execute("INSERT OVERWRITE shop.people PARTITION (p1) VALUES (9,'not the backup')")
  await run.executeUpdate(publishUpdate)
  await run.result()
}
