import { expect, test } from 'vitest'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

/* Tables of which some partitions have more replicas than others. */

const stage = restoreStage()

const end = (replicas: number) => `DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '${replicas}')`

async function shop(name: string): Promise<LabCluster> {
  const cluster = await stage.cluster(name)
  for (const sql of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.a (id INT NOT NULL) DUPLICATE KEY(id) ${end(3)}`,
    `CREATE TABLE shop.b (id INT NOT NULL, c VARCHAR(9) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(c) (PARTITION p1 VALUES IN ('1'), PARTITION p2 VALUES IN ('2')) ${end(1)}`,
    "ALTER TABLE shop.b MODIFY PARTITION (p2) SET ('replication_num' = '3')",
    'INSERT INTO shop.a VALUES (1)',
    "INSERT INTO shop.b VALUES (1, '1'), (2, '2')",
  ])
    cluster.execute(sql)
  await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  return cluster
}

function replicasOf(cluster: LabCluster, database: string): Record<string, number> {
  const table = cluster.state.databases.get(database)?.objects.get('b')
  if (table?.kind !== 'table') throw new Error(`there is no table b in ${database}`)
  return Object.fromEntries(table.partitions.map((one) => [one.name, one.replicationNum]))
}

const specOf = (name: string, more: Partial<RestoreSpecInput>) =>
  specFrom(name, `${name}_full`, { publish: 'auto', ...more })

test('in a new database each has as many as before', async () => {
  const cluster = await shop('fresh')
  const before = await contentOf(cluster, 'shop', 'b')
  expect(await stage.restore(specOf('fresh', { rename: { database: 'copy' } }))).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'copy', 'b')).toEqual(before)
  expect(replicasOf(cluster, 'copy')).toEqual({ p1: 1, p2: 3 })
})

test('where there is one backend each has one', async () => {
  const cluster = await shop('many')
  const one = await stage.cluster('one', { nodes: 1, repository: false })
  const result = await stage.restore(specOf('many', { cluster: 'one', from: { label: 'many_full' } }))
  expect(result).toMatchObject({ ok: true })
  expect(await contentOf(one, 'shop', 'b')).toEqual(await contentOf(cluster, 'shop', 'b'))
  expect(replicasOf(one, 'shop')).toEqual({ p1: 1, p2: 1 })
})

test('in place, and under a name that is free, none has fewer', async () => {
  const cluster = await shop('live')
  const before = await contentOf(cluster, 'shop', 'b')
  cluster.execute("INSERT INTO shop.b VALUES (3, '1'), (4, '2')")
  const common = { tables: ['b'] }
  expect(await stage.restore(specOf('live', { ...common, mode: 'in-place' }))).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'shop', 'b')).toEqual(before)
  expect(replicasOf(cluster, 'shop')).toEqual({ p1: 1, p2: 3 })
  cluster.execute('DROP TABLE shop.b FORCE')
  const again = await stage.restore({ ...specOf('live', common), name: 'live-again' })
  expect(again).toMatchObject({ ok: true, partitions: 2 })
  expect(await contentOf(cluster, 'shop', 'b')).toEqual(before)
  expect(replicasOf(cluster, 'shop').p2).toBe(3)
})
