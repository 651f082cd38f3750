import { expect, test } from 'vitest'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, putRecord, takeBackup } from './support/take-backup.ts'

/* What has no place beside its live name: nothing of it is made or changed before the restore is published. */

const stage = restoreStage()

const TWICE =
  "CREATE FUNCTION shop.twice(INT) RETURNS INT PROPERTIES ('symbol' = 'com.x.Twice', 'type' = 'StarrocksJar', 'file' = 'http://127.0.0.1:8999/twice.jar')"

async function shop(name: string, more: string[]): Promise<LabCluster> {
  const cluster = await stage.cluster(name)
  for (const sql of [
    'CREATE DATABASE shop',
    "CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
    "INSERT INTO shop.orders VALUES (1,'a')",
    ...more,
  ])
    cluster.execute(sql)
  return cluster
}

const asked = (name: string, more: Partial<RestoreSpecInput>) => specFrom(name, `${name}_full`, more)
const viewOf = (cluster: LabCluster) => JSON.stringify(cluster.execute('SHOW CREATE VIEW shop.v').rows)
const functionsOf = (cluster: LabCluster) => JSON.stringify(cluster.execute('SHOW FULL FUNCTIONS IN shop').rows)
const objectsOf = (cluster: LabCluster) => [...(cluster.state.databases.get('shop')?.objects.keys() ?? [])]

test('a view alone', async () => {
  const cluster = await shop('view', ['CREATE VIEW shop.v AS SELECT id FROM shop.orders'])
  await takeBackup(stage, cluster, { label: 'view_full', database: 'shop' })
  const before = viewOf(cluster)
  cluster.execute('ALTER VIEW shop.v AS SELECT v FROM shop.orders')
  const now = viewOf(cluster)
  await stage.start(asked('view', { views: ['v'] }))
  await stage.state('view', 'ready')
  expect(viewOf(cluster)).toBe(now)
  await stage.publish('view')
  expect(await stage.result('view')).toMatchObject({ ok: true, published: true })
  expect(viewOf(cluster)).toBe(before)
})

test('a materialized view alone, and only if nothing has its name by then', async () => {
  const mv =
    "CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, v FROM shop.orders"
  const cluster = await shop('mv', [mv])
  await takeBackup(stage, cluster, { label: 'mv_full', database: 'shop' })
  cluster.execute('DROP MATERIALIZED VIEW shop.mv')
  await stage.start(asked('mv', { materializedViews: ['mv'] }))
  expect((await stage.state('mv', 'ready')).where).toEqual(['mv: made when it is published'])
  expect(objectsOf(cluster)).toEqual(['orders'])
  cluster.execute('CREATE VIEW shop.mv AS SELECT id FROM shop.orders')
  await stage.publish('mv')
  await until('it tells', async () =>
    (await stage.status('mv')).waiting?.includes('shop.mv was made meanwhile by somebody'),
  )
  cluster.execute('DROP VIEW shop.mv')
  await stage.publish('mv')
  expect(await stage.result('mv')).toMatchObject({ ok: true, published: true })
  expect(objectsOf(cluster).sort()).toEqual(['mv', 'orders'])
})

test('a function beside a table that is swapped; what is discarded was never there', async () => {
  const cluster = await shop('function', [TWICE])
  const record = await takeBackup(stage, cluster, { label: 'function_full', database: 'shop' })
  await cluster.run('BACKUP DATABASE shop SNAPSHOT with_function TO vault')
  await until('done', async () => (await cluster.run('SHOW BACKUP FROM shop')).rows[0]?.includes('FINISHED'))
  const [label] = (await cluster.run("SHOW SNAPSHOT ON vault WHERE SNAPSHOT = 'with_function'")).rows
  record.labels = [{ label: 'with_function', timestamp: String(label?.[1]) }]
  record.functions = { twice: { at: 0 } }
  await putRecord(stage, record)
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute('DROP FUNCTION shop.twice(INT)')
  cluster.execute("INSERT INTO shop.orders VALUES (2,'damage')")
  const what = { tables: ['orders'], functions: ['twice'] }
  await stage.start(asked('function', what))
  await stage.state('function', 'ready')
  await stage.temporal.client.workflow.getHandle('restore/function').executeUpdate('discard')
  await stage.result('function')
  expect(await stage.status('function')).toMatchObject({ state: 'cancelled', left: [] })
  expect(functionsOf(cluster)).not.toContain('twice(')
  await stage.start({ ...asked('function', what), name: 'function-again' })
  await stage.state('function-again', 'ready')
  expect(functionsOf(cluster)).not.toContain('twice(')
  await stage.publish('function-again')
  expect(await stage.result('function-again')).toMatchObject({ ok: true, published: true })
  expect(functionsOf(cluster)).toContain('twice(')
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})
