import { expect, test } from 'vitest'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

/* Over live tables whose partitions have other numbers of buckets than in some snapshot. */

const stage = restoreStage()

const ORDERS = `CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [('0'), ('10')), PARTITION p2 VALUES [('10'), ('20'))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function shop(name: string) {
  const cluster = await stage.cluster(name)
  for (const sql of ['CREATE DATABASE shop', ORDERS, "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')"])
    cluster.execute(sql)
  const full = await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  const anew = () => {
    cluster.execute('ALTER TABLE shop.orders DROP PARTITION p2 FORCE')
    cluster.execute(
      "ALTER TABLE shop.orders ADD PARTITION p2 VALUES [('10'), ('20')) DISTRIBUTED BY HASH(id) BUCKETS 3",
    )
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  }
  return { cluster, full, anew }
}

const specOf = (name: string, label: string, more: Partial<RestoreSpecInput> = {}): RestoreSpecInput =>
  specFrom(name, label, { mode: 'in-place', ...more })

test('a chain in which a partition got other buckets is restored over the live table, and what that costs is told before', async () => {
  const { cluster, full, anew } = await shop('buckets')
  anew()
  await takeBackup(stage, cluster, { label: 'buckets_inc', database: 'shop', baseline: full })
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES [('20'), ('30'))")
  cluster.execute("INSERT INTO shop.orders VALUES (2,'damage'),(13,'damage'),(21,'damage')")
  const spec = specOf('buckets', 'buckets_inc', { tables: ['orders'] })
  const { findings } = await stage.plan(spec)
  expect(findings.find(({ code }) => code === 'in-place-drops')?.message).toMatch(
    /p2 \(has 3 buckets, in an earlier snapshot of the chain it had 2\), p3 \(was not there at the backup\)/,
  )
  expect(await stage.restore(spec)).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})

test('chosen partitions are not restored in place beside one that StarRocks would refuse; nothing is dropped', async () => {
  const { cluster, anew } = await shop('chosen')
  anew()
  cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES [('20'), ('30'))")
  const before = await contentOf(cluster, 'shop', 'orders')
  const spec = specOf('chosen', 'chosen_full', { partitions: { orders: ['p1'] } })
  const { findings } = await stage.plan(spec)
  expect(findings.find(({ code }) => code === 'restore-in-place-impossible')?.message).toContain(
    'partition p2, which is not to be restored, has 3 buckets',
  )
  const error = await stage.restore(spec).catch((failure: unknown) => failure)
  expect((error as Error & { cause?: Error }).cause?.message).toContain('restore-in-place-impossible')
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})
