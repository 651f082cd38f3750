import { expect, test } from 'vitest'
import type { RestoreResult } from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../contract/names.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'

const stage = backupStage()

const restore = (spec: RestoreSpecInput) =>
  stage.temporal.client.workflow.execute<(spec: RestoreSpecInput) => Promise<RestoreResult>>('restore', {
    workflowId: restoreId(spec.name),
    taskQueue: TASK_QUEUE,
    args: [spec],
  })

test('an external catalog comes back under its name, and under another', async () => {
  const cluster = await stage.cluster({ name: 'catalogs', timeFactor: 100 })
  cluster.execute(
    `CREATE EXTERNAL CATALOG lake PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083')`,
  )
  const spec = stage.spec(cluster, { name: 'catalogs', objects: { catalogs: ['lake'] } })
  const { id } = await stage.backup(spec, '')
  const common = {
    cluster: 'catalogs',
    repository: REPOSITORY,
    from: { label: id },
    catalogs: ['lake'],
    publish: 'auto' as const,
  }
  const names = () => cluster.execute('SHOW CATALOGS').rows.map((row) => row[0])

  await restore({ ...common, name: 'second', rename: { catalogs: { lake: 'lake2' } } })
  expect(names()).toEqual(expect.arrayContaining(['lake', 'lake2']))
  await expect(restore({ ...common, name: 'taken' })).rejects.toThrow()
  cluster.execute('DROP CATALOG lake')
  expect(await restore({ ...common, name: 'first', from: {} })).toMatchObject({ ok: true, backup: id })
  expect(names()).toEqual(expect.arrayContaining(['lake', 'lake2']))
})

test('a function comes back with its database', async () => {
  const cluster = await stage.cluster({ name: 'functions', timeFactor: 100 })
  for (const statement of [
    'CREATE DATABASE shop',
    "CREATE TABLE shop.t (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    'INSERT INTO shop.t VALUES (1)',
    "CREATE FUNCTION shop.twice(INT) RETURNS INT PROPERTIES ('symbol' = 'com.x.Twice', 'type' = 'StarrocksJar', 'file' = 'http://127.0.0.1:8999/twice.jar')",
  ]) {
    cluster.execute(statement)
  }
  const { id } = await stage.backup(
    stage.spec(cluster, { name: 'functions', objects: { databases: ['shop'] } }),
    'shop',
  )
  cluster.execute('DROP DATABASE shop FORCE')
  const result = await restore({
    name: 'functions',
    cluster: 'functions',
    repository: REPOSITORY,
    from: { label: id },
    publish: 'auto',
  })
  expect(result.ok).toBe(true)
  expect(JSON.stringify(cluster.execute('SHOW FULL FUNCTIONS IN shop').rows)).toContain('twice(')
  expect(cluster.execute('SELECT COUNT(*) FROM shop.t').rows).toEqual([['1']])
})
