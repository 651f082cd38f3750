import { describe, expect, test } from 'vitest'
import { REPOSITORY, restoreStage } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

const stage = restoreStage()

const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function shop(name: string) {
  const cluster = await stage.cluster(name)
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders ${RANGE}`,
    `CREATE TABLE shop.people ${RANGE}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
    "INSERT INTO shop.people VALUES (1,'x'),(12,'y')",
  ]) {
    cluster.execute(statement)
  }
  await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  return cluster
}

describe('rows that cannot be counted', () => {
  test('what takes longer than the cluster gives to a query is counted; what takes for ever is told, once, and undoes nothing', async () => {
    const cluster = await shop('slow')
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('TRUNCATE TABLE shop.orders')
    const hopeless = cluster.faults.inject({ kind: 'slow-query', seconds: 50_000, match: /COUNT\(\*\).*orders/s })
    cluster.faults.inject({ kind: 'slow-query', seconds: 1_000, match: /COUNT\(\*\).*people/s })
    await stage.start({
      name: 'slow',
      cluster: 'slow',
      repository: REPOSITORY,
      from: { label: 'slow_full' },
      tables: ['orders', 'people'],
      publish: 'auto',
    })
    // Counts were asked for: a person says whether it goes without.
    const ready = await stage.state('slow', 'ready')
    expect(ready.waiting).toMatch(/rows of 1 tables could not be counted/)
    expect(ready.warnings.join()).toMatch(/Rows of shop\.orders\S* were not counted: Query reached its timeout/)
    expect(ready.warnings.join()).not.toMatch(/people/)
    expect(hopeless.struck).toBe(1)
    await stage.publish('slow')
    const result = await stage.result('slow')
    expect(result).toMatchObject({ ok: true, published: true, rowsChecked: expect.stringContaining('2 partitions') })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  })
})
