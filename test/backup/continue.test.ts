import { expect, test } from 'vitest'
import { backupStatusQuery } from '../../contract/backup/backup-api.ts'
import { backupSetId } from '../../contract/names.ts'
import { until } from '../support/until.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage({ continueAfter: 60 })
const TABLE = `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

test('a set of many databases continues as new while backups run, and forgets none', async () => {
  const cluster = await stage.cluster({ timeFactor: 30 })
  for (let i = 0; i < 24; i++) {
    cluster.execute(`CREATE DATABASE d${i}`)
    cluster.execute(`CREATE TABLE d${i}.t ${TABLE}`)
  }
  // Two that take long: later runs of the set have not started them.
  const stick = cluster.faults.inject({ kind: 'stick-snapshot', database: 'd0', state: 'UPLOADING' })
  const other = cluster.faults.inject({ kind: 'fail-snapshot-task', database: 'd1', error: 'read: Is a directory' })
  const spec = stage.spec(cluster, { name: 'many', objects: { databases: ['d*'] }, parallelDatabases: 4 })
  const first = await stage.startSet({ spec })
  const handle = stage.temporal.client.workflow.getHandle(backupSetId('many'))
  let most = 0
  await until('all but one are done', async () => {
    const jobs = [...cluster.state.snapshotJobs.values()]
    most = Math.max(most, jobs.filter(({ state }) => state !== 'FINISHED' && state !== 'CANCELLED').length)
    return (await handle.query(backupStatusQuery)).done === 23
  })
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(4)
  expect((await handle.describe()).runId).not.toBe(first.firstExecutionRunId)
  stick.clear()
  const result = await first.result()
  other.clear()
  expect(result).toMatchObject({ ok: false, databases: 24 })
  expect(result.failed).toMatchObject([{ database: 'd1', reason: expect.stringContaining('GIN') }])
  expect(result.backups).toHaveLength(23)
  const jobs = cluster.backupJobs.map(({ database }) => database)
  expect(jobs.sort()).toEqual(Array.from({ length: 24 }, (_, i) => `d${i}`).sort())
})
