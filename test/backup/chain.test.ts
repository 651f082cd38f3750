import { describe, expect, test } from 'vitest'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { until } from '../support/until.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()

const PROPERTIES = `PROPERTIES ("replication_num" = "1")`
const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20"), PARTITION p3 VALUES LESS THAN ("30")) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`
const PLAIN = `(id INT NOT NULL, v VARCHAR(20)) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`
const AUTO = `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc("day", dt) DISTRIBUTED BY HASH(id) BUCKETS 2 ${PROPERTIES}`

async function shop() {
  const cluster = await stage.cluster()
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders ${RANGE}`,
    `CREATE TABLE shop.people ${PLAIN}`,
    `CREATE TABLE shop.events ${AUTO}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c'),(21,'d')",
    "INSERT INTO shop.people VALUES (1,'x'),(2,'y')",
    "INSERT INTO shop.events VALUES ('2024-01-01 10:00:00',1),('2024-01-02 10:00:00',2)",
    'CREATE VIEW shop.v AS SELECT id FROM shop.orders',
  ]) {
    cluster.execute(statement)
  }
  return cluster
}

/** `p1@0 2 rows`: the place of its snapshot in the chain. */
function lies({ tables, labels }: BackupRecord, name: string): string[] {
  return Object.entries(tables[name]?.partitions ?? {})
    .map(([partition, { at, rows }]) => `${partition}@${labels.length - 1 - at} ${rows ?? '?'} rows`)
    .sort()
}

describe('backups of a database', () => {
  test('a full one, then differential ones', async () => {
    const cluster = await shop()
    const spec = stage.spec(cluster, { objects: { databases: ['shop'] } })
    const full = await stage.backup(spec, 'shop')
    expect(full).toMatchObject({
      kind: 'full',
      tables: 3,
      partitions: 6,
      chain: 1,
      attempts: 1,
      verified: 'ok',
      warnings: [],
    })
    expect(cluster.backupJobs).toHaveLength(1)
    const first = await stage.record(full.id)
    expect(first).toMatchObject({ id: full.id, kind: 'full', own: 1, database: 'shop', cluster: spec.cluster })
    expect(lies(first, 'orders')).toEqual(['p1@0 2 rows', 'p2@0 1 rows', 'p3@0 1 rows'])
    expect(lies(first, 'people')).toEqual(['people@0 2 rows'])
    expect(lies(first, 'events')).toEqual(['p20240101@0 1 rows', 'p20240102@0 1 rows'])
    expect(first.tables.events?.partitioning).toBe('automatic-range')
    expect(first.views.v?.at).toBe(0)
    expect(first.bytes).toBeGreaterThan(0)

    const nothing = await stage.backup(spec, 'shop')
    expect(nothing).toMatchObject({ kind: 'differential', baseline: full.id, chain: 1, labels: [] })
    expect(cluster.backupJobs).toHaveLength(1)
    expect((await stage.record(nothing.id)).tables).toEqual(first.tables)

    cluster.execute("INSERT INTO shop.orders PARTITION (p1) VALUES (3,'later')")
    cluster.execute(
      "ALTER TABLE shop.events ADD PARTITIONS START ('2024-01-03') END ('2024-01-04') EVERY (INTERVAL 1 DAY)",
    )
    cluster.execute("INSERT INTO shop.events PARTITION (p20240103) VALUES ('2024-01-03 10:00:00',3)")
    cluster.execute('ALTER TABLE shop.orders DROP PARTITION p3')
    const changed = await stage.backup(spec, 'shop')
    expect(changed).toMatchObject({ kind: 'differential', baseline: full.id, chain: 2, verified: 'ok' })
    expect(cluster.backupJobs).toHaveLength(2)
    const second = await stage.record(changed.id)
    expect(lies(second, 'orders')).toEqual(['p1@0 3 rows', 'p2@1 1 rows'])
    expect(lies(second, 'people')).toEqual(['people@1 2 rows'])
    expect(lies(second, 'events')).toEqual(['p20240101@1 1 rows', 'p20240102@1 1 rows', 'p20240103@0 1 rows'])
    expect(second).toMatchObject({ base: full.id, baseline: full.id })
    // The snapshot holds the shadow partition, too, and nothing else.
    const { manifest } = await (await stage.objects()).repository.readManifest(changed.id)
    expect([...(manifest.tables.get('events')?.partitions.keys() ?? [])].sort()).toEqual([
      '$shadow_automatic_partition',
      'p20240103',
    ])
    expect(manifest.tables.has('people')).toBe(false)
    // Nothing is left of the way there.
    expect((await stage.contents()).own.filter((key) => key.startsWith('intents/'))).toEqual([])
  })

  test('an incremental chain, each compared with the one before', async () => {
    const cluster = await shop()
    const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, incremental: 'incremental' })
    const ids = [(await stage.backup(spec, 'shop')).id]
    for (const statement of [
      "INSERT INTO shop.orders PARTITION (p1) VALUES (3,'later')",
      'TRUNCATE TABLE shop.people',
      'ALTER TABLE shop.orders ADD COLUMN n INT',
    ]) {
      cluster.execute(statement)
      const result = await stage.backup(spec, 'shop')
      expect(result).toMatchObject({ kind: 'incremental', baseline: ids.at(-1) })
      ids.push(result.id)
    }
    const last = await stage.record(ids.at(-1) ?? '')
    expect(last.base).toBe(ids[0])
    // Snapshot 1 is needed no more: the table in it was taken again, whole.
    expect(last.labels.map(({ label }) => label)).toEqual([ids[0], ids[2], ids[3]])
    expect(lies(last, 'orders')).toEqual(['p1@0 3 rows', 'p2@0 1 rows', 'p3@0 1 rows'])
    expect(lies(last, 'people')).toEqual(['people@1 0 rows'])
    expect(cluster.backupJobs.map(({ label }) => label)).toEqual(ids)
  })

  test('several snapshots where one would be too large', async () => {
    const cluster = await shop()
    const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, snapshot: { tables: 2, partitions: 2 } })
    const result = await stage.backup(spec, 'shop')
    expect(result).toMatchObject({ kind: 'full', tables: 3, partitions: 6, verified: 'ok' })
    const record = await stage.record(result.id)
    expect(record.own).toBe(record.labels.length)
    expect(record.own).toBeGreaterThan(2)
    expect(Object.keys(record.tables.orders?.partitions ?? {}).sort()).toEqual(['p1', 'p2', 'p3'])
    expect(record.labels.every(({ timestamp }) => timestamp !== '')).toBe(true)
    expect((await stage.contents()).own.filter((key) => key.startsWith('intents/'))).toEqual([])
  })

  test('a table that is swapped while its partitions are being cut into several snapshots is taken anew, as one', async () => {
    const cluster = await shop()
    cluster.execute(`CREATE TABLE shop.spare ${RANGE}`)
    cluster.execute("INSERT INTO shop.spare VALUES (9,'other'),(19,'other'),(29,'other')")
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database: 'shop', state: 'UPLOADING' })
    const spec = stage.spec(cluster, {
      objects: { databases: [], tables: ['shop.orders', 'shop.people'] },
      snapshot: { tables: 2, partitions: 2 },
    })
    const run = await stage.start(spec, 'shop')
    await until('the first partitions are in a snapshot', () => stick.struck > 0)
    const slow = cluster.faults.inject({ kind: 'delay-mysql', ms: 2_000, match: /^SHOW PROC '\/dbs'$/ })
    stick.clear()
    await until('it looks again, to plan the next one', () => slow.struck > 0)
    cluster.execute('ALTER TABLE shop.orders SWAP WITH spare')
    slow.clear()
    const result = await run.result()
    expect(result.warnings.join()).toContain('shop.orders was replaced or altered between two snapshots')
    const { orders, people } = (await stage.record(result.id)).tables
    expect(Object.keys(people?.partitions ?? {})).toHaveLength(1)
    const swapped = cluster.state.databases.get('shop')?.objects.get('orders')
    expect(orders?.id).toBe(String(swapped?.id))
    const places = Object.values(orders?.partitions ?? {}).map(({ at }) => at)
    expect(places).toHaveLength(3)
    expect(new Set(places).size).toBe(1)
  })
})
