import { describe, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
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
    cluster.execute("INSERT INTO shop.orders PARTITION (p3) VALUES (21,'e')")
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
    // Compared twice, and told once.
    expect(result).toMatchObject({ ok: true, published: true, rowsChecked: 'rows of 3 partitions counted and equal' })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })

  test('out of a chain it is not published where the repository is attached read-only', async () => {
    const cluster = await shop('apart')
    const full = await takeBackup(stage, cluster, { label: 'apart_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'apart_inc', database: 'shop', baseline: full })
    const other = await stage.cluster('apart-other', { repository: false })
    other.execute('CREATE DATABASE shop')
    const result = await stage.restore({
      name: 'apart',
      cluster: 'apart-other',
      repository: REPOSITORY,
      from: { label: 'apart_inc' },
      tables: ['orders'],
      publish: 'auto',
    })
    expect(result).toMatchObject({ ok: true, published: false })
    expect(result.where.join()).toMatch(/orders: restored in database shop__sf_\w+, where they stay/)
  })
})

describe('names that are free', () => {
  test('a dropped table comes back under its name, out of a chain', async () => {
    const cluster = await shop('three')
    const full = await takeBackup(stage, cluster, { label: 'three_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'three_inc', database: 'shop', baseline: full })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('DROP TABLE shop.orders FORCE')
    const result = await stage.restore({
      name: 'three',
      cluster: 'three',
      repository: REPOSITORY,
      from: { label: 'three_inc' },
      tables: ['orders'],
      publish: 'auto',
    })
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  })

  test('a table gets another name, out of one snapshot and out of a chain', async () => {
    const cluster = await shop('four')
    const full = await takeBackup(stage, cluster, { label: 'four_full', database: 'shop' })
    const first = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'four_inc', database: 'shop', baseline: full })
    const second = await contentOf(cluster, 'shop', 'orders')
    for (const [label, name, rows] of [
      ['four_full', 'o1', first],
      ['four_inc', 'o2', second],
    ] as const) {
      const result = await stage.restore({
        name: `four-${name}`,
        cluster: 'four',
        repository: REPOSITORY,
        from: { label },
        tables: ['orders'],
        rename: { tables: { orders: name } },
        publish: 'auto',
      })
      expect(result.ok).toBe(true)
      expect(await contentOf(cluster, 'shop', name)).toEqual(rows)
    }
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(second)
  })

  test('a whole database goes to another cluster, which gets the repository for that long', async () => {
    const cluster = await shop('five')
    cluster.execute('CREATE VIEW shop.v AS SELECT id FROM shop.orders')
    const full = await takeBackup(stage, cluster, { label: 'five_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'five_inc', database: 'shop', baseline: full })
    const other = await stage.cluster('five-other', { repository: false, version: '4.1' })
    const result = await stage.restore({
      name: 'five',
      cluster: 'five-other',
      repository: REPOSITORY,
      from: { database: 'shop', cluster: 'five' },
      rename: { database: 'shop2' },
      publish: 'auto',
    })
    expect(result).toMatchObject({ ok: true, backup: 'five_inc' })
    for (const table of ['orders', 'people']) {
      expect(await contentOf(other, 'shop2', table)).toEqual(await contentOf(cluster, 'shop', table))
    }
    expect(other.execute('SELECT COUNT(*) FROM shop2.v').rows).toEqual([['4']])
    expect((await other.run('SHOW REPOSITORIES')).rows).toEqual([])
  })

  test('a repository that a first try attached, whose answer was lost, is told to stay', async () => {
    const cluster = await shop('perhaps')
    await takeBackup(stage, cluster, { label: 'perhaps_full', database: 'shop' })
    const silent = { kind: 'drop-mysql', cut: 'before', match: /^SHOW REPOSITORIES/ } as const
    const other: LabCluster = await stage.cluster('perhaps-other', {
      repository: false,
      onStatement: (sql) => void (sql.startsWith('CREATE READ ONLY REPOSITORY') && other.faults.inject(silent)),
    })
    other.faults.inject({ kind: 'drop-mysql', cut: 'after', match: /^CREATE READ ONLY REPOSITORY/, times: 1 })
    await stage.start({
      name: 'perhaps',
      cluster: 'perhaps-other',
      repository: REPOSITORY,
      from: { label: 'perhaps_full' },
      rename: { database: 'shop2' },
      publish: 'auto',
    })
    await until('the first try has failed', async () => {
      const { raw } = await stage.temporal.client.workflow.getHandle('restore/perhaps').describe()
      return raw.pendingActivities?.some((one) => one.lastFailure)
    })
    other.faults.clear()
    const { ok, warnings } = await stage.result('perhaps')
    expect(ok).toBe(true)
    expect(warnings.join()).toMatch(
      /vault is attached to perhaps-other, perhaps by a first try .* starferry repo drop vault --cluster perhaps-other/,
    )
    expect((await other.run('SHOW REPOSITORIES')).rows).toHaveLength(1)
  })

  test('the repository stays on that cluster as long as another restore uses it', async () => {
    const cluster = await shop('both')
    await takeBackup(stage, cluster, { label: 'both_full', database: 'shop' })
    const other = await stage.cluster('both-other', { repository: false })
    const faults: { clear(): void }[] = []
    for (const database of ['first', 'second']) {
      const any = other.faults.inject({ kind: 'stick-snapshot', job: 'restore' })
      await stage.start({
        name: `both-${database}`,
        cluster: 'both-other',
        repository: REPOSITORY,
        from: { label: 'both_full' },
        rename: { database },
        publish: 'auto',
      })
      // Its job runs in a database of its own, whose name only it knows.
      const scratch = await until(
        `restore ${database} runs`,
        () => any.struck > 0 && [...other.state.databases.keys()].find((one) => one.startsWith(`${database}__sf_`)),
      )
      faults.push(other.faults.inject({ kind: 'stick-snapshot', job: 'restore', database: scratch }))
      any.clear()
    }
    faults[0]?.clear()
    const { ok, warnings } = await stage.result('both-first')
    expect(ok).toBe(true)
    expect(warnings.join()).toMatch(
      /repository vault stays attached to both-other: restore\/both-second restores backup both_full.*starferry repo drop vault/,
    )
    faults[1]?.clear()
    expect(await stage.result('both-second')).toMatchObject({ ok: true })
    expect((await other.run('SHOW REPOSITORIES')).rows).toHaveLength(1)
  })
})

describe('live names', () => {
  test('a database is replaced by two renames; grants, views and materialized views follow', async () => {
    const cluster = await shop('six')
    for (const statement of [
      'CREATE VIEW shop.v AS SELECT id FROM shop.orders',
      "CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, v FROM shop.orders",
      "CREATE USER reader IDENTIFIED BY ''",
      'GRANT SELECT ON TABLE shop.orders TO USER reader',
      'GRANT SELECT ON ALL TABLES IN DATABASE shop TO USER reader',
    ]) {
      cluster.execute(statement)
    }
    await takeBackup(stage, cluster, { label: 'six_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('TRUNCATE TABLE shop.orders')
    await stage.start({ name: 'six', cluster: 'six', repository: REPOSITORY, from: { label: 'six_full' } })
    await stage.state('six', 'ready')
    await stage.publish('six')
    const result = await stage.result('six')
    expect(result).toMatchObject({ ok: true, published: true })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    const former = [...cluster.state.databases.keys()].find((name) => name.startsWith('shop__replaced_'))
    expect(await contentOf(cluster, former ?? '', 'orders')).not.toEqual(before)
    expect(cluster.execute('SELECT COUNT(*) FROM shop.v').rows).toEqual([['3']])
    const grants = cluster.execute('SHOW GRANTS FOR reader').rows.map((row) => row[2])
    expect(grants).toContain("GRANT SELECT ON TABLE shop.orders TO USER 'reader'@'%'")
    expect(grants).toContain("GRANT SELECT ON ALL TABLES IN DATABASE shop TO USER 'reader'@'%'")
    const views = cluster.execute('SHOW MATERIALIZED VIEWS FROM shop')
    const at = views.columns.findIndex(({ name }) => name === 'is_active')
    expect(views.rows.map((row) => row[at])).toEqual(['true'])
  })

  test('a table is restored in place', async () => {
    const cluster = await shop('seven')
    const full = await takeBackup(stage, cluster, { label: 'seven_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'seven_inc', database: 'shop', baseline: full })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES LESS THAN ('30')")
    cluster.execute("INSERT INTO shop.orders VALUES (1,'damage'),(25,'damage')")
    const result = await stage.restore({
      name: 'seven',
      cluster: 'seven',
      repository: REPOSITORY,
      from: { label: 'seven_inc' },
      tables: ['orders'],
      mode: 'in-place',
    })
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  })

  test('some partitions of a live table are overwritten', async () => {
    const cluster = await shop('eight')
    await takeBackup(stage, cluster, { label: 'eight_full', database: 'shop' })
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("INSERT INTO shop.orders VALUES (3,'damage'),(12,'kept')")
    const result = await stage.restore({
      name: 'eight',
      cluster: 'eight',
      repository: REPOSITORY,
      from: { label: 'eight_full' },
      partitions: { orders: ['p1'] },
      publish: 'auto',
    })
    expect(result.ok).toBe(true)
    const after = await contentOf(cluster, 'shop', 'orders')
    expect(after.filter((row) => row.startsWith('p1'))).toEqual(before.filter((row) => row.startsWith('p1')))
    expect(after.join()).toContain('kept')
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })

  test('what has been restored aside is discarded', async () => {
    const cluster = await shop('nine')
    const full = await takeBackup(stage, cluster, { label: 'nine_full', database: 'shop' })
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
    await takeBackup(stage, cluster, { label: 'nine_inc', database: 'shop', baseline: full })
    const before = await contentOf(cluster, 'shop', 'orders')
    await stage.start({
      name: 'nine',
      cluster: 'nine',
      repository: REPOSITORY,
      from: { label: 'nine_inc' },
      tables: ['orders', 'people'],
    })
    await stage.state('nine', 'ready')
    await stage.temporal.client.workflow.getHandle('restore/nine').executeUpdate('discard')
    expect(await stage.result('nine')).toMatchObject({ ok: false, published: false })
    expect(await stage.status('nine')).toMatchObject({ state: 'cancelled', left: [] })
    expect([...(cluster.state.databases.get('shop')?.objects.keys() ?? [])].sort()).toEqual(['orders', 'people'])
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
    expect(
      (await cluster.run(`SHOW SNAPSHOT ON ${REPOSITORY}`)).rows.flat().filter((cell) => cell?.startsWith('sfr_')),
    ).toEqual([])
  })

  test('a snapshot without a record is restored by what the cluster tells of it', async () => {
    const cluster = await shop('ten')
    await cluster.run(`BACKUP DATABASE shop SNAPSHOT by_hand TO ${REPOSITORY}`)
    const before = await contentOf(cluster, 'shop', 'orders')
    await until('done', async () => (await cluster.run('SHOW BACKUP FROM shop')).rows[0]?.includes('FINISHED'))
    cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
    const result = await stage.restore({
      name: 'ten',
      cluster: 'ten',
      repository: REPOSITORY,
      from: { label: 'by_hand' },
      tables: ['orders'],
      publish: 'auto',
    })
    expect(result.warnings.join()).toContain('no record')
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  })
})
