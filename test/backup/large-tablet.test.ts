import { expect, test } from 'vitest'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()

test('an upload whose tablets take longer than a job may stand still is left alone as long as bytes arrive', async () => {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(
    `CREATE TABLE shop.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
  )
  cluster.execute('INSERT INTO shop.t VALUES (1), (2), (3), (4), (5), (6), (7), (8)')
  cluster.faults.inject({ kind: 'slow-tablet', files: 8, everyMs: 1_000, job: 'backup' })
  const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, stallMinutes: 0.05 })
  expect(await stage.backup(spec, 'shop')).toMatchObject({ attempts: 1, verified: 'ok', warnings: [] })
  expect(cluster.backupJobs).toHaveLength(1)
})
