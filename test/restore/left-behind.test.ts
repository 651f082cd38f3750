import { describe, expect, test } from 'vitest'
import { writeScript } from '../../activities/companion/script-object.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { writeCompanion } from '../../planning/companion/script.ts'
import { readRepository } from '../../repository/index.ts'
import { REPOSITORY, restoreStage, specFrom, vaultOf } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

/* What belongs to a table and does not come with it: jobs that load into it, grants, and the settings of the one that was replaced. */

const stage = restoreStage()

const END = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"

async function shop(name: string, more: string[] = []): Promise<LabCluster> {
  const cluster = await stage.cluster(name)
  for (const sql of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) ${END}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')",
    ...more,
  ])
    cluster.execute(sql)
  return cluster
}

const LOAD = `CREATE ROUTINE LOAD shop.feed ON orders FROM KAFKA ('kafka_broker_list' = 'b:9092', 'kafka_topic' = 'orders')`

const specOf = (name: string, label: string, more: Partial<RestoreSpecInput> = {}): RestoreSpecInput =>
  specFrom(name, label, { publish: 'auto', ...more })

const tableOf = (cluster: LabCluster, database: string, start: string) =>
  [...(cluster.state.databases.get(database)?.objects.keys() ?? [])].find((one) => one.startsWith(start)) ?? ''

describe('a routine load', () => {
  test('that goes on into the replaced table is told before and afterwards, and the table is not dropped under it', async () => {
    const cluster = await shop('fed', [LOAD])
    await takeBackup(stage, cluster, { label: 'fed_full', database: 'shop' })
    const drop = specOf('fed', 'fed_full', { tables: ['orders'], replaced: 'drop' })
    const { findings } = await stage.plan(drop)
    expect(findings.find(({ code }) => code === 'routine-load-left')?.message).toContain('feed (into orders, RUNNING)')
    expect(findings.find(({ code }) => code === 'routine-load-loses-table')?.level).toBe('fatal')

    // Somebody begins to load while the restore waits: nobody was asked about that one.
    cluster.execute('STOP ROUTINE LOAD FOR shop.feed')
    await stage.start({ ...drop, publish: 'ask' })
    await stage.state('fed', 'ready')
    cluster.execute(LOAD)
    await stage.publish('fed')
    const result = await stage.result('fed')
    const kept = tableOf(cluster, 'shop', 'orders__replaced_')
    expect(kept).not.toBe('')
    const told = result.warnings.find((one) => one.startsWith('Routine load feed goes on into'))
    expect(told).toContain(`shop.${kept}`)
    expect(told).toContain('STOP ROUTINE LOAD FOR `shop`.`feed`')
    expect(cluster.execute('SHOW ROUTINE LOAD FROM shop').rows[0]?.[6]).toBe(kept)
  })

  test('of a replaced database is told, too, and materialized views that go on refreshing', async () => {
    const cluster = await shop('whole', [
      LOAD,
      `CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH ASYNC PROPERTIES ('replication_num' = '1') AS SELECT id, v FROM shop.orders`,
    ])
    await takeBackup(stage, cluster, { label: 'whole_full', database: 'shop' })
    const result = await stage.restore(specOf('whole', 'whole_full'))
    const told = result.warnings.join('\n')
    expect(told).toMatch(/Routine load feed goes on into database shop__replaced_\w+, and database shop gets nothing/)
    expect(told).toMatch(/Materialized views of shop__replaced_\w+ go on refreshing: mv/)
  })
})

test('what is replaced and kept loses no partitions by settings that it got after the backup', async () => {
  const daily = `CREATE TABLE shop.daily (dt DATE NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) (PARTITION p20200101 VALUES [('2020-01-01'), ('2020-01-02'))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1', 'dynamic_partition.enable' = 'false', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-2147483648', 'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '1')`
  const on = "ALTER TABLE shop.daily SET ('dynamic_partition.enable' = 'true')"
  const cluster = await shop('kept', [daily])
  await takeBackup(stage, cluster, { label: 'kept_full', database: 'shop' })
  const propertyOf = (database: string, table: string) =>
    cluster.execute(`SHOW CREATE TABLE ${database}.${table}`).rows[0]?.[1] ?? ''
  cluster.execute(on)
  await stage.restore(specOf('kept', 'kept_full', { tables: ['daily'] }))
  expect(propertyOf('shop', tableOf(cluster, 'shop', 'daily__replaced_'))).toContain(
    '"dynamic_partition.enable" = "false"',
  )
  cluster.execute(on)
  await stage.restore(specOf('kept-all', 'kept_full', { cluster: 'kept' }))
  const old = [...cluster.state.databases.keys()].find((one) => one.startsWith('shop__replaced_')) ?? ''
  expect(propertyOf(old, 'daily')).toContain('"dynamic_partition.enable" = "false"')
})

test('grants on a dropped table are told with their statements once it is back', async () => {
  const cluster = await shop('granted')
  const record = await takeBackup(stage, cluster, { label: 'granted_full', database: 'shop' })
  const grants = [
    "GRANT SELECT ON TABLE `shop`.`orders` TO USER 'reader'@'%'",
    "GRANT INSERT ON TABLE `shop`.`other` TO USER 'reader'@'%'",
    "GRANT SELECT ON ALL TABLES IN DATABASE `shop` TO ROLE 'analyst'",
  ]
  const entries = grants.map((statement) => ({ kind: 'grant' as const, name: statement, statements: [statement] }))
  const store = vaultOf(stage)
  const handle = { open: () => readRepository(store, REPOSITORY) }
  await writeScript(handle, record.id, writeCompanion({ lines: [], notIncluded: [] }, entries))
  store.close()
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute('DROP TABLE shop.orders FORCE')
  const table = await stage.restore(specOf('granted', record.id, { tables: ['orders'] }))
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  const told = table.warnings.find((one) => one.startsWith('Grants on shop.orders'))
  expect(told).toContain(`there were 1; to make them again: ${grants[0]}`)
  expect(told).toContain(`starferry restore companion ${record.id} --repository ${REPOSITORY}`)

  const database = await stage.restore(
    specOf('granted-db', record.id, { cluster: 'granted', rename: { database: 'shop2' } }),
  )
  const all = database.warnings.find((one) => one.startsWith('Grants on database shop2'))
  expect(all).toContain("GRANT SELECT ON ALL TABLES IN DATABASE `shop2` TO ROLE 'analyst'")
  expect(all).toContain("GRANT SELECT ON TABLE `shop2`.`orders` TO USER 'reader'@'%'")
})
