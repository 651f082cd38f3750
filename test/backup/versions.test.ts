import { describe, expect, test } from 'vitest'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { createStatement } from '../../lab/scenario/table-spec.ts'
import { Traffic } from '../../lab/traffic/traffic.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()
const PROPERTIES = `PROPERTIES ("replication_num" = "1")`
const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 1 ${PROPERTIES}`
const LIST = `(id INT NOT NULL, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION a VALUES IN ("ulm"), PARTITION b VALUES IN ("bonn")) DISTRIBUTED BY HASH(id) BUCKETS 1 ${PROPERTIES}`

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('on %s', (version) => {
  test('a full and a differential backup; what the version cannot take is left out, and told', async () => {
    const cluster = await stage.cluster({ version })
    for (const statement of [
      'CREATE DATABASE shop',
      `CREATE TABLE shop.r ${RANGE}`,
      `CREATE TABLE shop.l ${LIST}`,
      "INSERT INTO shop.r VALUES (1,'a'),(11,'b')",
      'CREATE VIEW shop.v AS SELECT id FROM shop.r',
    ]) {
      cluster.execute(statement)
    }
    const old = version === '3.1' || version === '3.3'
    const spec = stage.spec(cluster, { name: `v${version}`, objects: { databases: ['shop'] } })
    const full = await stage.backup(spec, 'shop')
    expect(full).toMatchObject({ kind: 'full', tables: old ? 1 : 2, verified: 'ok' })
    const first = await stage.record(full.id)
    expect(first.notIncluded.map(({ object }) => object).sort()).toEqual(old ? ['l', 'v'] : [])
    expect(first.tables.r?.partitions.p1?.rows).toBe('1')
    cluster.execute("INSERT INTO shop.r PARTITION (p1) VALUES (2,'c')")
    const next = await stage.backup(spec, 'shop')
    expect(next).toMatchObject({ kind: 'differential', chain: 2, verified: 'ok' })
    const second = await stage.record(next.id)
    expect([second.tables.r?.partitions.p1?.at, second.tables.r?.partitions.p2?.at]).toEqual([1, 0])
    expect(cluster.backupJobs).toHaveLength(2)
  })
})

test('what is written while backups are made is in this one or in the next', async () => {
  const cluster = await stage.cluster({ timeFactor: 40 })
  const { tables } = demoScenario({ version: '3.5', runMode: 'shared_nothing' }, 5)
  const some = tables.slice(0, 6)
  const databases = [...new Set(some.map(({ db }) => db))]
  for (const db of databases) cluster.execute(`CREATE DATABASE ${db}`)
  for (const table of some) {
    cluster.execute(createStatement(table))
    for (const after of table.after ?? []) cluster.execute(after)
  }
  const [db = ''] = databases
  const traffic = new Traffic((sql) => cluster.execute(sql), some, { seed: 5 })
  const spec = stage.spec(cluster, { name: 'busy', objects: { databases: [db] }, incremental: 'incremental' })
  traffic.start(15)
  for (let i = 0; i < 4; i++) await stage.backup(spec, db)
  await traffic.stop()
  expect(traffic.log.length).toBeGreaterThan(20)
  // Nothing is written any more: this one has what the others do not.
  const last = await stage.backup(spec, db)
  const record = await stage.record(last.id)
  for (const [name, object] of cluster.state.databases.get(db)?.objects ?? []) {
    if (object.kind !== 'table') continue
    const told = record.tables[name]
    const now = object.partitions.filter((one) => !one.temporary)
    expect(Object.keys(told?.partitions ?? {}).sort(), name).toEqual(now.map((one) => one.name).sort())
    for (const partition of now) {
      const physical = partition.physical.map((one) => [String(one.id), String(one.visibleVersion)])
      expect(told?.partitions[partition.name]?.physical, `${name}.${partition.name}`).toEqual(physical)
    }
  }
  // And a further one finds that nothing has changed.
  expect(await stage.backup(spec, db)).toMatchObject({ labels: [] })
})

describe('external catalogs', () => {
  const CATALOG = `CREATE EXTERNAL CATALOG hive_a PROPERTIES ("type" = "hive", "hive.metastore.uris" = "thrift://127.0.0.1:9083")`

  test('are backed up by themselves', async () => {
    const cluster = await stage.cluster()
    cluster.execute(CATALOG)
    const spec = stage.spec(cluster, { name: 'catalogs', objects: { catalogs: ['hive_*'] } })
    const result = await (await stage.startSet({ spec })).result()
    expect(result).toMatchObject({ ok: true, databases: 1 })
    const record = await stage.record(result.backups[0]?.id ?? '')
    expect(record).toMatchObject({ kind: 'catalogs', database: '', catalogs: ['hive_a'], own: 1 })
  })
})

test('partitions by what they are', async () => {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(`CREATE TABLE shop.r ${RANGE}`)
  cluster.execute("INSERT INTO shop.r VALUES (1,'a'),(11,'b')")
  const spec = stage.spec(cluster, { name: 'part', objects: { tables: ['shop.r'], partitions: { newest: 1 } } })
  const result = await stage.backup(spec, 'shop')
  expect(result).toMatchObject({ tables: 1, partitions: 1 })
  expect(Object.keys((await stage.record(result.id)).tables.r?.partitions ?? {})).toEqual(['p2'])
})

test('a ttl is part of the statement, and so refused by versions that know none', async () => {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(`CREATE TABLE shop.r ${RANGE}`)
  const spec = stage.spec(cluster, { name: 'ttl', objects: { databases: ['shop'] }, incremental: 'off', ttl: '7 DAY' })
  await expect(stage.backup(spec, 'shop')).rejects.toMatchObject({
    cause: { cause: { message: expect.stringMatching(/cannot let a snapshot expire by itself/) } },
  })
  expect(cluster.backupJobs).toEqual([])
})

test('without the storage: full backups without a record, and a word about it', async () => {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(`CREATE TABLE shop.r ${RANGE}`)
  stage.worker.configureRepositories({
    vault: { location: 's3a://backups/base', properties: {}, access: { enabled: false } },
  })
  try {
    const spec = stage.spec(cluster, { name: 'blind', objects: { databases: ['shop'] } })
    for (let i = 0; i < 2; i++) {
      const result = await stage.backup(spec, 'shop')
      expect(result).toMatchObject({ kind: 'full', tables: 1, labels: [result.id] })
      expect(result.verified).toBeUndefined()
      expect(result.warnings.join()).toContain('cannot reach the storage')
    }
    expect(cluster.backupJobs).toHaveLength(2)
  } finally {
    await stage.replaceWorker()
  }
})
