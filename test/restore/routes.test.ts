import { describe, expect, test } from 'vitest'
import { REPOSITORY, restoreStage } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

const stage = restoreStage()

const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`
const PLAIN = `(id INT NOT NULL, v VARCHAR(20)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function shop(name: string) {
  const cluster = await stage.cluster(name)
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders ${RANGE}`,
    `CREATE TABLE shop.people ${PLAIN}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
    "INSERT INTO shop.people VALUES (1,'x'),(2,'y')",
  ]) {
    cluster.execute(statement)
  }
  return cluster
}

describe('aside', () => {
  test('a table out of one snapshot is swapped in', async () => {
    const cluster = await shop('one')
    await takeBackup(stage, cluster, { label: 'one_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
    const damaged = await contentOf(cluster, 'shop', 'orders')
    await stage.start({
      name: 'one',
      cluster: 'one',
      repository: REPOSITORY,
      from: { label: 'one_full' },
      tables: ['orders'],
    })
    const ready = await stage.state('one', 'ready')
    expect(ready.where.join()).toContain('live and untouched')
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(damaged)
    await stage.publish('one')
    const result = await stage.result('one')
    expect(result).toMatchObject({ ok: true, published: true, tables: 1, partitions: 2 })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    expect(result.rowsChecked).toContain('2 partitions')
  })

  test('a table out of a chain is put together, moved and swapped in', async () => {
    const cluster = await shop('two')
    const full = await takeBackup(stage, cluster, { label: 'two_full', database: 'shop' })
    cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES LESS THAN ('30')")
    cluster.execute("INSERT INTO shop.orders VALUES (12,'d'),(21,'e')")
    await takeBackup(stage, cluster, { label: 'two_inc', database: 'shop', baseline: full })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('TRUNCATE TABLE shop.orders')
    const result = await stage.restore({
      name: 'two',
      cluster: 'two',
      repository: REPOSITORY,
      from: { label: 'two_inc' },
      tables: ['orders'],
      publish: 'auto',
    })
    expect(result).toMatchObject({ ok: true, published: true })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })
})
