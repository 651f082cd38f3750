import { describe, expect, test } from 'vitest'
import { leasesOf, readLeaseInfo } from '../../activities/repository/leases.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { readRepository } from '../../repository/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, restoreStage, specFrom, vaultOf } from './support/restore-stage.ts'
import { contentOf, putRecord, takeBackup } from './support/take-backup.ts'

const stage = restoreStage()

const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function shop(name: string, more: string[] = [], onStatement?: (sql: string) => void) {
  const cluster = await stage.cluster(name, { onStatement })
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders ${RANGE}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
    ...more,
  ]) {
    cluster.execute(statement)
  }
  return cluster
}

const scratches = (databases: Iterable<string>) => [...databases].filter((one) => one.includes('__sf_'))

describe('what is around the rows', () => {
  test('a dropped database comes back with its materialized view and its view, and they work', async () => {
    const cluster = await shop('around', [
      'CREATE VIEW shop.v AS SELECT id FROM shop.orders',
      'CREATE VIEW shop.a_view_of_the_view AS SELECT id FROM shop.v',
      "CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, v FROM shop.orders",
    ])
    await takeBackup(stage, cluster, { label: 'around_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('DROP DATABASE shop FORCE')
    const result = await stage.restore({
      name: 'around',
      cluster: 'around',
      repository: REPOSITORY,
      from: { database: 'shop' },
      publish: 'auto',
    })
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    expect(cluster.execute('SELECT COUNT(*) FROM shop.a_view_of_the_view').rows).toEqual([['3']])
    const { columns, rows } = cluster.execute('SHOW MATERIALIZED VIEWS FROM shop')
    const at = columns.findIndex(({ name }) => name === 'is_active')
    expect(rows.map((row) => row[at])).toEqual(['true'])
  })

  test('a swapped table has its grants, its colocate group and its materialized views again', async () => {
    const cluster = await shop('tended', [
      "CREATE TABLE shop.near (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'colocate_with' = 'g')",
      "CREATE TABLE shop.mate (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'colocate_with' = 'g')",
      'INSERT INTO shop.near VALUES (1)',
      "CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id FROM shop.near",
      "CREATE USER reader IDENTIFIED BY ''",
      'CREATE ROLE analyst',
      'GRANT SELECT, INSERT ON TABLE shop.near TO USER reader',
      'GRANT SELECT ON TABLE shop.near TO ROLE analyst',
    ])
    await takeBackup(stage, cluster, { label: 'tended_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'near')
    cluster.execute('INSERT INTO shop.near VALUES (2)')
    const result = await stage.restore({
      name: 'tended',
      cluster: 'tended',
      repository: REPOSITORY,
      from: { label: 'tended_full' },
      tables: ['near'],
      publish: 'auto',
    })
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'near')).toEqual(before)
    expect(cluster.execute('SHOW CREATE TABLE shop.near').rows[0]?.[1]).toContain('"colocate_with" = "g"')
    const grants = [
      ...cluster.execute('SHOW GRANTS FOR reader').rows,
      ...cluster.execute('SHOW GRANTS FOR ROLE analyst').rows,
    ]
    const texts = grants.map((row) => row[2])
    expect(texts).toContain("GRANT INSERT, SELECT ON TABLE shop.near TO USER 'reader'@'%'")
    expect(texts).toContain("GRANT SELECT ON TABLE shop.near TO ROLE 'analyst'")
    const { columns, rows } = cluster.execute('SHOW MATERIALIZED VIEWS FROM shop')
    const at = columns.findIndex(({ name }) => name === 'is_active')
    expect(rows.map((row) => row[at])).toEqual(['true'])
    const kept = [...(cluster.state.databases.get('shop')?.objects.keys() ?? [])].filter((one) =>
      one.includes('__replaced_'),
    )
    expect(kept).toHaveLength(1)
  })

  test('old partitions of a dynamic table are not dropped by the cluster once they are restored', async () => {
    const cluster = await shop('dynamic', [
      `CREATE TABLE shop.daily (dt DATE NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) (PARTITION p20200101 VALUES [('2020-01-01'), ('2020-01-02'))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1', 'dynamic_partition.enable' = 'false', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-3', 'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '1')`,
      "INSERT INTO shop.daily VALUES ('2020-01-01', 1)",
    ])
    const record = await takeBackup(stage, cluster, { label: 'dynamic_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'daily')
    // As if it had been on at the backup.
    const daily = record.tables.daily
    if (!daily) throw new Error('there is no table daily')
    daily.dynamic = true
    daily.ddl = daily.ddl.replace('"dynamic_partition.enable" = "false"', '"dynamic_partition.enable" = "true"')
    await putRecord(stage, record)
    cluster.execute("ALTER TABLE shop.daily SET ('dynamic_partition.enable' = 'true')")
    const result = await stage.restore({
      name: 'dynamic',
      cluster: 'dynamic',
      repository: REPOSITORY,
      from: { label: 'dynamic_full' },
      rename: { database: 'shop2' },
      publish: 'auto',
    })
    expect(result.warnings.join()).toContain('dynamic_partition.enable of shop2.daily stays off')
    await until(
      'the cluster dropped what is old of the live table',
      async () => !(await contentOf(cluster, 'shop', 'daily')).join().includes('p20200101'),
    )
    expect(await contentOf(cluster, 'shop2', 'daily')).toEqual(before)
  })

  test('what is not to be published stays beside what is live', async () => {
    const cluster = await shop('never')
    await takeBackup(stage, cluster, { label: 'never_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
    const damaged = await contentOf(cluster, 'shop', 'orders')
    const result = await stage.restore({
      name: 'never',
      cluster: 'never',
      repository: REPOSITORY,
      from: { label: 'never_full' },
      publish: 'never',
    })
    expect(result).toMatchObject({ ok: true, published: false })
    const [scratch = ''] = scratches(cluster.state.databases.keys())
    expect(await contentOf(cluster, scratch, 'orders')).toEqual(before)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(damaged)
    expect(result.where.join()).toContain(scratch)
  })

  test('hostile names are names', async () => {
    const odd = 'or"d\'e;rs -- ñ'
    const quoted = `\`${odd}\``
    const cluster = await shop('hostile', [
      `CREATE TABLE shop.${quoted} ${RANGE}`,
      `INSERT INTO shop.${quoted} VALUES (1, 'x')`,
    ])
    const full = await takeBackup(stage, cluster, { label: 'hostile_full', database: 'shop' })
    cluster.execute(`INSERT INTO shop.${quoted} PARTITION (p1) VALUES (2, 'y')`)
    await takeBackup(stage, cluster, { label: 'hostile_inc', database: 'shop', baseline: full })
    const before = await contentOf(cluster, 'shop', odd)
    cluster.execute(`TRUNCATE TABLE shop.${quoted}`)
    const result = await stage.restore({
      name: 'hostile',
      cluster: 'hostile',
      repository: REPOSITORY,
      from: { label: 'hostile_inc' },
      tables: [odd],
      publish: 'auto',
    })
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', odd)).toEqual(before)
  })
})

describe('the plan', () => {
  test('tells every BACKUP, RESTORE, SWAP and RENAME in the order and with the text in which they are sent', async () => {
    const sent: string[] = []
    const cluster = await shop('planned', [], (sql) => sent.push(sql))
    const full = await takeBackup(stage, cluster, { label: 'planned_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'planned_inc', database: 'shop', baseline: full })
    const spec: RestoreSpecInput = {
      name: 'planned',
      cluster: 'planned',
      repository: REPOSITORY,
      from: { label: 'planned_inc' },
      tables: ['orders'],
      publish: 'auto',
    }
    sent.length = 0
    const plan = await stage.plan(spec)
    const changing = /^(BACKUP|RESTORE|ALTER|CREATE|DROP|INSERT)/
    expect(sent.filter((sql) => changing.test(sql))).toEqual([])
    expect(plan.routes).toMatchObject([{ object: 'shop.orders', route: 'rebackup-swap' }])
    expect(plan.chain).toEqual(['planned_full', 'planned_inc'])
    await stage.restore(spec)
    const neutral = (sql: string) =>
      sql
        .replaceAll(/(__sf_|__replaced_|sfr_)[a-z0-9]{6}/g, '$1')
        .replace(/(`sfr__.*'backup_timestamp' = )'[^']*'/, '$1?')
        // By some seconds the jobs of each run are told from those of others.
        .replace(/^(RESTORE .*['"]timeout['"] = )['"]\d+['"]/s, '$1?')
    const run = sent.filter((sql) => changing.test(sql)).map(neutral)
    const planned = plan.steps.flatMap(({ statement }) => (statement ? [neutral(statement)] : []))
    expect(run).toEqual(planned)
  })

  test('what cannot be restored is said before anything is changed', async () => {
    const cluster = await shop('refused')
    await takeBackup(stage, cluster, { label: 'refused_full', database: 'shop' })
    const jobs = cluster.backupJobs.length
    for (const [more, text] of [
      [{ tables: ['nothing*'] }, 'nothing*'],
      [{ from: { label: 'no_such_label' } }, 'no_such_label'],
      [{ from: { database: 'shop', cluster: 'refused', asOf: '2001-01-01T00:00:00Z' } }, 'the oldest is of'],
      [{ tables: ['orders'], partitions: { orders: ['p9'] } }, 'p9'],
    ] as [Partial<RestoreSpecInput>, string][]) {
      const name = `refused-${text.replaceAll(/[^a-z0-9]/g, '')}`
      const error = await stage
        .restore({ name, cluster: 'refused', repository: REPOSITORY, from: { label: 'refused_full' }, ...more })
        .catch((failure: unknown) => failure)
      expect(JSON.stringify((error as Error & { cause?: Error }).cause?.message)).toContain(text)
    }
    expect(cluster.backupJobs).toHaveLength(jobs)
    await until('nothing is left', () => scratches(cluster.state.databases.keys()).length === 0)
  })
})

test('what a restore reads is leased as long as it waits to be published, and not afterwards', async () => {
  const cluster = await shop('leased')
  const record = await takeBackup(stage, cluster, { label: 'leased_full', database: 'shop' })
  const leases = async () => {
    const store = vaultOf(stage)
    const repository = await readRepository(store, REPOSITORY)
    const held = (await leasesOf(repository).list('read')).map(readLeaseInfo)
    store.close()
    return held.filter(({ holder }) => holder === 'restore/leased')
  }
  await stage.start(specFrom('leased', 'leased_full', { tables: ['orders'] }))
  await stage.state('leased', 'ready')
  const { runId } = await stage.temporal.client.workflow.getHandle('restore/leased').describe()
  expect(await leases()).toMatchObject([{ runId, labels: ['leased_full'], records: [record.id] }])
  await stage.publish('leased')
  expect(await stage.result('leased')).toMatchObject({ ok: true, published: true })
  expect(await leases()).toEqual([])
})
