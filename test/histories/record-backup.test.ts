import { expect, test } from 'vitest'
import { backupStatusQuery, cancelSignal } from '../../contract/backup/backup-api.ts'
import { policySchema } from '../../contract/backup/policy.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { until } from '../support/until.ts'
import { saveHistories } from './support/save-histories.ts'

const TABLE = `(id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

const recording = Boolean(process.env.RECORD_HISTORIES)
// Without being asked to record, nothing is started.
const stage = recording ? backupStage({ continueAfter: 60 }) : undefined

/** Records the histories of backups: `RECORD_HISTORIES=1 npx vitest run test/histories/record-backup.test.ts`; see record.test.ts. */
test.skipIf(!recording)(
  'record',
  async () => {
    if (!stage) return
    const cluster = await stage.cluster({ name: 'east' })
    for (let i = 0; i < 14; i++) {
      cluster.execute(`CREATE DATABASE d${i}`)
      cluster.execute(`CREATE TABLE d${i}.t ${TABLE}`)
      cluster.execute(`CREATE TABLE d${i}.u ${TABLE}`)
      cluster.execute(`INSERT INTO d${i}.t VALUES (1),(11)`)
    }
    const policy = policySchema.parse({
      name: 'nightly',
      cluster: 'east',
      repository: REPOSITORY,
      objects: { databases: ['d*'] },
      parallelDatabases: 3,
      snapshot: { tables: 1 },
      attempts: 2,
      stallMinutes: 0.05,
      schedule: { cron: '0 3 * * *' },
      retention: { last: 1 },
      notify: { webhook: 'http://127.0.0.1:9/', on: ['failure'] },
    })
    await stage.temporal.client.workflow.execute('backupPlan', {
      workflowId: 'plan/backup/nightly',
      taskQueue: TASK_QUEUE,
      args: [{ spec: policy }],
    })
    cluster.faults.inject({ kind: 'stick-snapshot', database: 'd3', state: 'UPLOADING' })
    cluster.faults.inject({ kind: 'fail-snapshot-task', database: 'd5', error: 'read: Is a directory' })
    const full = await (await stage.startSet({ spec: policy })).result()
    expect(full.failed.map(({ database }) => database).sort()).toEqual(['d3', 'd5'])
    cluster.faults.clear()
    cluster.execute('INSERT INTO d0.t PARTITION (p1) VALUES (2)')
    const spec = stage.spec(cluster, { name: 'once', objects: { databases: ['d0', 'd1', 'd2'] }, verify: { mode: 'deep' } })
    expect(await (await stage.startSet({ spec })).result()).toMatchObject({ ok: true })
    cluster.execute('INSERT INTO d0.t PARTITION (p1) VALUES (3)')
    expect(await (await stage.startSet({ spec })).result()).toMatchObject({ ok: true })
    cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const stopped = await stage.startSet({ spec: { ...spec, name: 'stopped' } })
    await until('two run', async () => (await stopped.query(backupStatusQuery)).running.length === 2)
    await stopped.signal(cancelSignal)
    await expect(stopped.result()).rejects.toThrow()
    const saved = await saveHistories(stage.temporal.client, ['backup', 'backupSet', 'backupPlan'], 24)
    expect(saved).toBeGreaterThan(8)
  },
)
